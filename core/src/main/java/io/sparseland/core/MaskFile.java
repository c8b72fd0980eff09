// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.SafeTensors;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Masks in a safetensors file: for each layer the tensor {@code <layer>.mask}, bits in 64-bit
 * words, lowest first; geometry and pattern as JSON under the metadata key {@code masks}.
 */
final class MaskFile {

  private static final String FORMAT = "sparseland-masks";
  private static final String VERSION = "1";
  private static final String SUFFIX = ".mask";
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private MaskFile() {}

  /** What the metadata says of a mask. */
  private record Header(String layer, Geometry geometry, Pattern pattern) {}

  static void write(Path target, Masks masks) {
    List<SafeTensors.Entry> entries = new ArrayList<>();
    masks
        .byLayer()
        .forEach(
            (layer, mask) ->
                entries.add(SafeTensors.Entry.bits(layer + SUFFIX, LongBuffer.wrap(mask.words()))));
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("version", VERSION);
    metadata.put("masks", headers(masks));
    SafeTensors.write(target, entries, metadata);
  }

  static Masks read(Path file) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      expect(file, "format", tensors.metadata().get("format"), FORMAT);
      expect(file, "version", tensors.metadata().get("version"), VERSION);
      Map<String, Mask> masks = new LinkedHashMap<>();
      for (Header header : headers(file, tensors.metadata().getOrDefault("masks", ""))) {
        if (masks.put(header.layer(), mask(file, tensors, header)) != null) {
          throw wrong(file, "two masks of layer '" + header.layer() + "'", "one");
        }
      }
      long stored =
          tensors.tensors().stream()
              .filter(tensor -> !tensor.name().startsWith(SafeTensors.PADDING))
              .count();
      if (stored != masks.size()) {
        throw wrong(file, stored + " tensors", masks.size() + ", as the metadata lists");
      }
      return new Masks(masks);
    }
  }

  private static Mask mask(Path file, SafeTensors tensors, Header header) {
    String name = header.layer() + SUFFIX;
    int words = (header.geometry().size() + Long.SIZE - 1) / Long.SIZE;
    SafeTensors.Info info =
        tensors.find(name).orElseThrow(() -> wrong(file, "no tensor '" + name + "'", "one"));
    if (info.type() != SafeTensors.Type.U8 || info.bytes() != (long) words * Long.BYTES) {
      throw new FormatException(
          file.toString(),
          info.begin(),
          "tensor '%s' of %d bytes %s".formatted(name, info.bytes(), info.type()),
          "%d bytes U8".formatted((long) words * Long.BYTES));
    }
    long[] bits = new long[words];
    tensors.bytes(name).asLongBuffer().get(bits);
    try {
      return Mask.of(header.geometry(), header.pattern(), bits);
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file.toString(),
          info.begin(),
          "mask of layer '" + header.layer() + "': " + e.getMessage(),
          "bits that follow pattern " + header.pattern().text(),
          e);
    }
  }

  private static String headers(Masks masks) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartArray();
      for (Map.Entry<String, Mask> entry : masks.byLayer().entrySet()) {
        Geometry g = entry.getValue().geometry();
        int[] sizes = {g.out(), g.in(), g.channels(), g.kernelH(), g.kernelW(), g.groups()};
        json.writeStartObject();
        json.writeStringField("layer", entry.getKey());
        json.writeFieldName("geometry");
        json.writeArray(sizes, 0, sizes.length);
        json.writeStringField("pattern", entry.getValue().pattern().text());
        json.writeEndObject();
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static List<Header> headers(Path file, String text) {
    List<Header> headers = new ArrayList<>();
    try (JsonParser json = JSON.createParser(text)) {
      expect(file, json, JsonToken.START_ARRAY);
      while (json.nextToken() == JsonToken.START_OBJECT) {
        headers.add(header(file, json));
      }
      if (json.currentToken() != JsonToken.END_ARRAY || json.nextToken() != null) {
        throw wrong(file, "metadata 'masks' is " + text, "a list of objects");
      }
    } catch (IOException e) {
      throw new FormatException(
          file.toString(),
          FormatException.NOWHERE,
          "metadata 'masks': " + e.getMessage(),
          "a list in JSON",
          e);
    }
    return headers;
  }

  /** Reads layer, geometry and pattern, in this order and nothing else. */
  private static Header header(Path file, JsonParser json) throws IOException {
    String layer = text(file, json, "layer");
    field(file, json, "geometry");
    expect(file, json, JsonToken.START_ARRAY);
    int[] sizes = new int[6];
    for (int i = 0; i < sizes.length; i++) {
      expect(file, json, JsonToken.VALUE_NUMBER_INT);
      sizes[i] = json.getIntValue();
    }
    expect(file, json, JsonToken.END_ARRAY);
    String pattern = text(file, json, "pattern");
    expect(file, json, JsonToken.END_OBJECT);
    try {
      return new Header(
          layer,
          new Geometry(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]),
          Pattern.parse(pattern));
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file.toString(),
          FormatException.NOWHERE,
          "mask of layer '" + layer + "': " + e.getMessage(),
          "sizes and a pattern that fit",
          e);
    }
  }

  private static String text(Path file, JsonParser json, String name) throws IOException {
    field(file, json, name);
    expect(file, json, JsonToken.VALUE_STRING);
    return json.getText();
  }

  private static void field(Path file, JsonParser json, String name) throws IOException {
    expect(file, json, JsonToken.FIELD_NAME);
    expect(file, "key of a mask", json.currentName(), name);
  }

  private static void expect(Path file, JsonParser json, JsonToken wanted) throws IOException {
    JsonToken found = json.nextToken();
    if (found != wanted) {
      throw wrong(file, "metadata 'masks' has " + found, wanted.toString());
    }
  }

  private static void expect(Path file, String what, @Nullable String found, String wanted) {
    if (!wanted.equals(found)) {
      throw wrong(file, what + " is '" + found + "'", "'" + wanted + "'");
    }
  }

  private static FormatException wrong(Path file, String found, String allowed) {
    return new FormatException(file.toString(), FormatException.NOWHERE, found, allowed);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the header of a safetensors file, in memory bounded by the number of tensors, and checks
 * everything that can be checked without the data: sizes before allocations, strict JSON and UTF-8,
 * types, shapes, and offsets that cover the data exactly once.
 */
final class SafeTensorsHeader {

  static final int MAX_HEADER_BYTES = 100_000_000;
  static final int MAX_TENSORS = 100_000;
  static final int MAX_NAME = 512;
  static final int MAX_METADATA_CHARACTERS = 8 << 20;
  static final int LENGTH_BYTES = 8;
  static final String METADATA = "__metadata__";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(4)
                  .maxNameLength(4 * MAX_NAME)
                  .maxNumberLength(20)
                  .maxStringLength(MAX_METADATA_CHARACTERS)
                  .maxDocumentLength(MAX_HEADER_BYTES)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private final String file;
  private final long length; // bytes of the header
  private final long data; // bytes behind it
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final List<SafeTensors.Info> tensors = new ArrayList<>();
  private int metadataCharacters;

  private SafeTensorsHeader(String file, long length, long data) {
    this.file = file;
    this.length = length;
    this.data = data;
  }

  /** Reads and checks the header of an open file. */
  static SafeTensorsHeader read(FileChannel channel, String file) throws IOException {
    long size = channel.size();
    if (size < LENGTH_BYTES) {
      throw new FormatException(file, 0, size + " bytes", "at least 8, the length of the header");
    }
    ByteBuffer prefix = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    readFully(channel, prefix, 0);
    long length = prefix.getLong(0);
    long most = Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES);
    if (length < 2 || length > most) {
      throw new FormatException(
          file, 0, "header length " + Long.toUnsignedString(length), "2 to " + most);
    }
    SafeTensorsHeader header = new SafeTensorsHeader(file, length, size - LENGTH_BYTES - length);
    header.parse(channel);
    header.checkOffsets();
    return header;
  }

  /** In order of their data. Offsets count from the start of the file. */
  List<SafeTensors.Info> tensors() {
    return tensors;
  }

  Map<String, String> metadata() {
    return metadata;
  }

  private void parse(FileChannel channel) throws IOException {
    var decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    InputStream bytes = new HeaderStream(channel, LENGTH_BYTES, length);
    try (JsonParser parser = JSON.createParser(new InputStreamReader(bytes, decoder))) {
      expect(parser, parser.nextToken() == JsonToken.START_OBJECT, "a JSON object");
      if (parser.currentTokenLocation().getCharOffset() != 0) {
        throw new FormatException(file, LENGTH_BYTES, "a space", "'{'");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        expect(
            parser, parser.nextToken() == JsonToken.START_OBJECT, "an object for '" + name + "'");
        if (name.equals(METADATA)) {
          metadata(parser);
        } else {
          tensors.add(tensor(parser, name));
          expect(parser, tensors.size() <= MAX_TENSORS, "at most " + MAX_TENSORS + " tensors");
        }
      }
      expect(parser, parser.nextToken() == null, "nothing behind the object");
    } catch (JsonProcessingException e) {
      long offset = e.getLocation() == null ? 0 : e.getLocation().getCharOffset();
      throw new FormatException(
          file, LENGTH_BYTES + Math.max(0, offset), e.getOriginalMessage(), "strict JSON", e);
    } catch (CharacterCodingException e) {
      throw new FormatException(file, LENGTH_BYTES, "malformed UTF-8 in the header", "UTF-8", e);
    }
  }

  private void metadata(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      expect(parser, parser.nextToken() == JsonToken.VALUE_STRING, "a string for '" + key + "'");
      metadata.put(key, parser.getText());
      metadataCharacters += key.length() + parser.getTextLength();
      expect(
          parser,
          metadataCharacters <= MAX_METADATA_CHARACTERS,
          "at most " + MAX_METADATA_CHARACTERS + " characters of metadata");
    }
  }

  private SafeTensors.Info tensor(JsonParser parser, String name) throws IOException {
    Optional<String> fault = nameFault(name);
    expect(parser, fault.isEmpty(), "a tensor name " + fault.orElse(""));
    SafeTensors.Type type = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "dtype" -> type = type(parser);
        case "shape" -> shape = longs(parser, SafeTensors.MAX_RANK);
        case "data_offsets" -> offsets = longs(parser, 2);
        default -> expect(parser, false, "dtype, shape, data_offsets in '" + name + "'");
      }
    }
    if (type == null || shape == null || offsets == null || offsets.size() != 2) {
      throw new FormatException(
          file, place(parser), "'" + name + "' incomplete", "dtype, shape, two data_offsets");
    }
    long begin = offsets.get(0);
    long end = offsets.get(1);
    if (begin > end || end > data) {
      throw new FormatException(
          file,
          place(parser),
          "'" + name + "' with offsets " + offsets,
          "begin <= end <= " + data + ", the bytes behind the header");
    }
    if (bytes(type, shape) != end - begin) {
      throw new FormatException(
          file,
          place(parser),
          "'%s' with %d bytes".formatted(name, end - begin),
          "as many as %s %s needs".formatted(type, shape));
    }
    long origin = LENGTH_BYTES + length;
    return new SafeTensors.Info(name, type, shape, origin + begin, origin + end);
  }

  private SafeTensors.Type type(JsonParser parser) throws IOException {
    expect(parser, parser.currentToken() == JsonToken.VALUE_STRING, "a string");
    String text = parser.getText();
    for (SafeTensors.Type type : SafeTensors.Type.values()) {
      if (type.name().equals(text)) {
        return type;
      }
    }
    throw new FormatException(
        file, place(parser), "dtype '" + text + "'", List.of(SafeTensors.Type.values()).toString());
  }

  private List<Long> longs(JsonParser parser, int most) throws IOException {
    expect(parser, parser.currentToken() == JsonToken.START_ARRAY, "an array");
    List<Long> values = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(
          parser,
          parser.currentToken() == JsonToken.VALUE_NUMBER_INT
              && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
              && !parser.getText().startsWith("-"),
          "whole numbers from 0 to 2^63 - 1");
      values.add(parser.getLongValue());
      expect(parser, values.size() <= most, "at most " + most + " numbers");
    }
    return List.copyOf(values);
  }

  /** Bytes of a tensor; -1 when they do not fit into 63 bits. */
  static long bytes(SafeTensors.Type type, List<Long> shape) {
    try {
      long bytes = type.bytes();
      for (long size : shape) {
        bytes = Math.multiplyExact(bytes, size);
      }
      return bytes;
    } catch (ArithmeticException e) {
      return -1;
    }
  }

  /** What is wrong with a name; empty when nothing. */
  static Optional<String> nameFault(String name) {
    if (name.isEmpty() || name.length() > MAX_NAME) {
      return Optional.of("of 1 to " + MAX_NAME + " characters, found " + name.length());
    }
    if (name.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
      return Optional.of("without control characters");
    }
    return Optional.empty();
  }

  private void checkOffsets() {
    tensors.sort(
        Comparator.comparingLong(SafeTensors.Info::begin)
            .thenComparingLong(SafeTensors.Info::end)
            .thenComparing(SafeTensors.Info::name));
    long position = LENGTH_BYTES + length;
    for (SafeTensors.Info tensor : tensors) {
      if (tensor.begin() != position) {
        throw new FormatException(
            file,
            tensor.begin(),
            "the start of '" + tensor.name() + "'",
            "byte " + position + ", the end of the one before (no holes, no overlaps)");
      }
      position = tensor.end();
    }
    if (position != LENGTH_BYTES + length + data) {
      throw new FormatException(
          file,
          position,
          LENGTH_BYTES + length + data - position + " bytes of no tensor",
          "the end of the file");
    }
  }

  private void expect(JsonParser parser, boolean holds, String allowed) throws IOException {
    if (!holds) {
      String text = parser.currentToken() == null ? "the end" : parser.getText();
      throw new FormatException(
          file, place(parser), "'" + text.substring(0, Math.min(60, text.length())) + "'", allowed);
    }
  }

  private static long place(JsonParser parser) {
    return LENGTH_BYTES + Math.max(0, parser.currentTokenLocation().getCharOffset());
  }

  private static void readFully(FileChannel channel, ByteBuffer target, long position)
      throws IOException {
    while (target.hasRemaining()) {
      int count = channel.read(target, position + target.position());
      if (count < 0) {
        throw new EOFException("the file became shorter while it was read");
      }
    }
  }

  /** The bytes of the header only. */
  private static final class HeaderStream extends InputStream {
    private final FileChannel channel;
    private long position;
    private long left;

    HeaderStream(FileChannel channel, long position, long left) {
      this.channel = channel;
      this.position = position;
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int count) throws IOException {
      if (left == 0) {
        return -1;
      }
      ByteBuffer part = ByteBuffer.wrap(target, offset, (int) Math.min(count, left));
      int read = channel.read(part, position);
      if (read < 0) {
        throw new EOFException("the file became shorter while it was read");
      }
      position += read;
      left -= read;
      return read;
    }
  }
}

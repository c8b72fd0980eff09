// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.graph.ModelGraph;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code sparseland.json}: everything of a model but its numbers; sealed by a checksum.
 */
final class ModelJson {

  static final String FORMAT = "sparseland-model";
  static final int VERSION = 2;

  /** The first version, in which all values are fp32 and the kernel is a word. */
  private static final int V1 = 1;

  private static final String SEAL_START = ",\n  \"crc32c\" : \"";
  private static final String SEAL_END = "\"\n}\n";
  private static final Pattern SEAL =
      Pattern.compile(Pattern.quote(SEAL_START) + "([0-9a-f]{8})" + Pattern.quote(SEAL_END));
  private static final int SEAL_BYTES = SEAL_START.length() + 8 + SEAL_END.length();
  private static final Pattern CRC = Pattern.compile("[0-9a-f]{8}");

  private ModelJson() {}

  /** A stored tensor without its numbers. */
  record Stored(
      ModelSummary.Tensor tensor,
      int valuesCrc,
      @Nullable Integer maskCrc,
      @Nullable Integer scalesCrc) {}

  /** The content of the file. */
  record Content(ModelGraph graph, List<Stored> tensors, Provenance provenance) {}

  static byte[] write(Content content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    var printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.setPrettyPrinter(printer);
      json.writeStartObject();
      json.writeStringField("format", FORMAT);
      json.writeNumberField("version", VERSION);
      provenance(json, content.provenance());
      json.writeFieldName("graph");
      GraphJson.write(json, content.graph());
      json.writeArrayFieldStart("tensors");
      for (Stored tensor : content.tensors()) {
        tensor(json, tensor);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    byte[] open = bytes.toByteArray();
    return seal(Arrays.copyOf(open, open.length - "\n}".length()));
  }

  /** Closes an open document by its checksum. */
  static byte[] seal(byte[] open) {
    byte[] seal = (SEAL_START + hex(crc(open, open.length)) + SEAL_END).getBytes(UTF_8);
    byte[] sealed = Arrays.copyOf(open, open.length + seal.length);
    System.arraycopy(seal, 0, sealed, open.length, seal.length);
    return sealed;
  }

  static Content read(String file, byte[] bytes) {
    checkSeal(file, bytes);
    Json document = Json.parse(file, bytes);
    Json.Fields fields = document.fields();
    Json format = fields.take("format");
    if (!format.string().equals(FORMAT)) {
      throw format.fault("\"" + FORMAT + "\"");
    }
    long version = fields.take("version").whole(V1, VERSION);
    Provenance provenance = readProvenance(fields.take("provenance"));
    ModelGraph graph = GraphJson.read(fields.take("graph"));
    Json tensors = fields.take("tensors");
    if (tensors.list().size() > SafeTensorsHeader.MAX_TENSORS) {
      throw tensors.fault(
          tensors.list().size() + " tensors", "at most " + SafeTensorsHeader.MAX_TENSORS);
    }
    List<Stored> records = new ArrayList<>();
    for (Json tensor : tensors.list()) {
      records.add(readTensor(tensor, version));
    }
    fields.optional("metadata"); // free-form, ignored
    fields.take("crc32c");
    fields.end();
    return new Content(graph, records, provenance);
  }

  private static void checkSeal(String file, byte[] bytes) {
    int open = Math.max(0, bytes.length - SEAL_BYTES);
    String seal = new String(bytes, open, bytes.length - open, UTF_8);
    Matcher matcher = SEAL.matcher(seal);
    if (!matcher.matches()) {
      throw new FormatException(
          file,
          open,
          "an end that is not a checksum",
          "a last line '\"crc32c\" : \"<8 hex>\"', '}'");
    }
    String computed = hex(crc(bytes, open));
    if (!computed.equals(matcher.group(1))) {
      throw new FormatException(
          file,
          open,
          "CRC-32C " + computed + " of the bytes before",
          matcher.group(1) + ", as written: the file was changed");
    }
  }

  private static void provenance(JsonGenerator json, Provenance provenance) throws IOException {
    json.writeObjectFieldStart("provenance");
    json.writeStringField("name", provenance.name());
    json.writeStringField("recipe_hash", provenance.recipeHash());
    json.writeNumberField("seed", provenance.seed());
    json.writeObjectFieldStart("versions");
    for (Map.Entry<String, String> version : provenance.versions().entrySet()) {
      json.writeStringField(version.getKey(), version.getValue());
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static Provenance readProvenance(Json json) {
    Json.Fields fields = json.fields();
    Map<String, String> versions = new LinkedHashMap<>();
    fields.take("versions").fields().rest().forEach((name, v) -> versions.put(name, v.string()));
    Provenance provenance =
        new Provenance(
            fields.take("name").string(),
            fields.take("recipe_hash").string(),
            fields.take("seed").whole(Long.MIN_VALUE, Long.MAX_VALUE),
            versions);
    fields.end();
    return provenance;
  }

  private static void tensor(JsonGenerator json, Stored record) throws IOException {
    ModelSummary.Tensor tensor = record.tensor();
    json.writeStartObject();
    json.writeStringField("name", tensor.name());
    json.writeStringField("type", storedType(tensor.type()).name());
    json.writeArrayFieldStart("shape");
    for (int size : tensor.shape()) {
      json.writeNumber(size);
    }
    json.writeEndArray();
    json.writeStringField("pattern", tensor.pattern());
    json.writeNumberField("kept", tensor.kept());
    json.writeStringField("values_crc32c", hex(record.valuesCrc()));
    if (record.maskCrc() != null) {
      json.writeStringField("mask_crc32c", hex(record.maskCrc()));
    }
    if (record.scalesCrc() != null) {
      json.writeStringField("scales_crc32c", hex(record.scalesCrc()));
    }
    json.writeObjectFieldStart("kernel");
    json.writeStringField("decode", tensor.choice().decode());
    json.writeStringField("batch", tensor.choice().batch());
    json.writeNumberField("batch_from", tensor.choice().batchFrom());
    json.writeEndObject();
    json.writeStringField("reason", tensor.choice().reason());
    json.writeEndObject();
  }

  private static Stored readTensor(Json json, long version) {
    Json.Fields fields = json.fields();
    WeightType type = readType(fields.take("type"), version);
    List<Integer> shape =
        fields.take("shape").list().stream()
            .map(size -> (int) size.whole(1, Integer.MAX_VALUE))
            .toList();
    try {
      String name = fields.take("name").string();
      int elements = StoredTensor.elements(name, shape);
      String pattern = fields.take("pattern").string();
      Json mask = fields.optional("mask_crc32c");
      if ((mask != null) == pattern.equals(StoredTensor.DENSE)) {
        throw json.fault("pattern '" + pattern + "'", "'dense' without mask_crc32c, else with");
      }
      Json scales = type == WeightType.INT8 ? fields.take("scales_crc32c") : null;
      if (scales != null && shape.isEmpty()) {
        throw json.fault("a scalar of I8", "rank 1 or more");
      }
      Json kernel = fields.take("kernel");
      Json reason = fields.take("reason");
      Stored record =
          new Stored(
              new ModelSummary.Tensor(
                  name,
                  type,
                  shape,
                  pattern,
                  (int) fields.take("kept").whole(mask == null ? elements : 0, elements),
                  version == V1 ? readWord(kernel, reason) : readChoice(kernel, reason)),
              readCrc(fields.take("values_crc32c")),
              mask == null ? null : (Integer) readCrc(mask),
              scales == null ? null : (Integer) readCrc(scales));
      fields.end();
      return record;
    } catch (IllegalArgumentException e) {
      throw json.fault(String.valueOf(e.getMessage()), "a sound tensor");
    }
  }

  /** The word of version 1. */
  private static KernelChoice readWord(Json kernel, Json reason) {
    return switch (kernel.string()) {
      case "dense" -> KernelChoice.dense(reason.string());
      case "sparse" -> KernelChoice.sparse(reason.string());
      default -> throw kernel.fault("'dense', 'sparse'");
    };
  }

  private static KernelChoice readChoice(Json kernel, Json reason) {
    Json.Fields fields = kernel.fields();
    KernelChoice choice =
        new KernelChoice(
            fields.take("decode").string(),
            fields.take("batch").string(),
            (int) fields.take("batch_from").whole(1, Integer.MAX_VALUE),
            reason.string());
    fields.end();
    return choice;
  }

  /** The type in the weights file. */
  static SafeTensors.Type storedType(WeightType type) {
    return switch (type) {
      case FP32 -> SafeTensors.Type.F32;
      case BF16 -> SafeTensors.Type.BF16;
      case INT8 -> SafeTensors.Type.I8;
    };
  }

  private static WeightType readType(Json json, long version) {
    for (WeightType type : WeightType.values()) {
      if (storedType(type).name().equals(json.string())
          && (version > V1 || type == WeightType.FP32)) {
        return type;
      }
    }
    throw json.fault(version == V1 ? "\"F32\"" : "\"F32\", \"BF16\", \"I8\"");
  }

  private static int readCrc(Json json) {
    if (!CRC.matcher(json.string()).matches()) {
      throw json.fault("8 hexadecimal digits in small letters");
    }
    return Integer.parseUnsignedInt(json.string(), 16);
  }

  static String hex(int crc) {
    return "%08x".formatted(crc);
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.JavaWorkers;
import io.sparseland.kernels.TypedValues;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * A model on disk: a folder with {@value #MODEL}, {@value #WEIGHTS} and {@value #REPORT}, whose
 * bytes are specified in {@code docs/format.md}. Written whole or not at all; read strictly:
 * whatever is damaged, unknown or does not fit is a {@link FormatException} that names file and
 * place. Reading runs nothing, opens nothing but these files, and allocates only after checking
 * sizes.
 */
public final class ModelDirectory {

  /** Graph, tensor records, provenance. */
  public static final String MODEL = "sparseland.json";

  /** Masks and values. */
  public static final String WEIGHTS = "weights.safetensors";

  /** What was measured. */
  public static final String REPORT = "report.json";

  private static final int MAX_REPORT_BYTES = 16 << 20;
  private static final String VALUES_SUFFIX = ".values";
  private static final String MASK_SUFFIX = ".mask";
  private static final String SCALE_SUFFIX = ".scale";

  private ModelDirectory() {}

  /**
   * Writes a model directory.
   *
   * @param directory a new name or an empty folder
   * @param content graph and tensors; values must be finite
   * @param reportJson a JSON document
   * @throws IllegalArgumentException if the target is taken or the content cannot be stored
   * @throws java.io.UncheckedIOException if writing fails; then nothing is left behind
   */
  public static void write(Path directory, ModelContent content, String reportJson) {
    byte[] report = reportJson.getBytes(StandardCharsets.UTF_8);
    checkReport(report);
    List<SafeTensors.Entry> entries = new ArrayList<>();
    List<ModelJson.Stored> records = new ArrayList<>();
    for (StoredTensor tensor : content.tensors()) {
      checkFinite(tensor);
      entries.addAll(entries(tensor));
      records.add(record(tensor));
    }
    AtomicFiles.writeFolder(
        directory,
        folder -> {
          folder.file(
              WEIGHTS, out -> SafeTensors.write(out, entries, Map.of("format", ModelJson.FORMAT)));
          folder.file(
              MODEL,
              ModelJson.write(
                  new ModelJson.Content(content.graph(), records, content.provenance())));
          folder.file(REPORT, report);
        });
  }

  /**
   * Reads a model directory; the content keeps nothing of the files.
   *
   * @throws IllegalArgumentException if there is no such folder
   * @throws FormatException if it is not a sound model
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static ModelContent read(Path directory) {
    ModelJson.Content model = readModel(directory);
    String file = directory.resolve(WEIGHTS).toString();
    try (SafeTensors weights = SafeTensors.openOwn(directory.resolve(WEIGHTS))) {
      checkEntries(file, model.tensors(), weights);
      StoredTensor[] tensors = new StoredTensor[model.tensors().size()];
      JavaWorkers.run(
          tensors.length, i -> tensors[i] = readTensor(file, model.tensors().get(i), weights));
      return content(directory, model, List.of(tensors));
    }
  }

  /**
   * Reads what can be told without the weights, of which only the header is read.
   *
   * @throws IllegalArgumentException if there is no such folder
   * @throws FormatException if model or header of the weights are not sound
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static ModelSummary summary(Path directory) {
    ModelJson.Content model = readModel(directory);
    Path file = directory.resolve(WEIGHTS);
    try (SafeTensors weights = SafeTensors.openOwn(file)) {
      checkEntries(file.toString(), model.tensors(), weights);
      return new ModelSummary(
          model.graph(),
          model.tensors().stream().map(ModelJson.Stored::tensor).toList(),
          model.provenance(),
          Files.size(file));
    } catch (IOException e) {
      throw RegularFile.unreadable(file, e);
    }
  }

  /**
   * Reads the report.
   *
   * @throws FormatException if there is none or it is not JSON
   */
  public static String report(Path directory) {
    Path file = directory.resolve(REPORT);
    byte[] bytes = RegularFile.readOwn(file, MAX_REPORT_BYTES);
    Json.parse(file.toString(), bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void checkReport(byte[] report) {
    try {
      Json.parse(REPORT, report);
    } catch (FormatException e) {
      throw new IllegalArgumentException("the report is not JSON: " + e.getMessage(), e);
    }
    if (report.length > MAX_REPORT_BYTES) {
      throw new IllegalArgumentException(
          "the report has %d bytes; allowed: %d".formatted(report.length, MAX_REPORT_BYTES));
    }
  }

  private static List<SafeTensors.Entry> entries(StoredTensor tensor) {
    List<SafeTensors.Entry> entries = new ArrayList<>();
    TypedValues data = tensor.data();
    LongBuffer mask = tensor.mask();
    FloatBuffer scales = data.scales();
    List<Integer> shape = mask == null ? tensor.shape() : List.of(tensor.kept());
    entries.add(
        new SafeTensors.Entry(
            mask == null ? tensor.name() : tensor.name() + VALUES_SUFFIX,
            ModelJson.storedType(data.type()),
            shape.stream().map(Integer::longValue).toList(),
            data.bytes()));
    if (scales != null) {
      entries.add(
          SafeTensors.Entry.floats(tensor.name() + SCALE_SUFFIX, List.of(scales.limit()), scales));
    }
    if (mask != null) {
      entries.add(SafeTensors.Entry.bits(tensor.name() + MASK_SUFFIX, mask));
    }
    return entries;
  }

  private static void checkFinite(StoredTensor tensor) {
    TypedValues data = tensor.data();
    int index = data.firstNotFinite();
    if (index >= 0) {
      throw new IllegalArgumentException(
          "tensor '%s': value %d is %s; allowed: finite numbers"
              .formatted(tensor.name(), index, data.get(index)));
    }
    FloatBuffer scales = data.scales();
    int row = data.firstBadScale();
    if (scales != null && row >= 0) {
      throw new IllegalArgumentException(
          "tensor '%s': scale %d is %s; allowed: finite numbers of 0 or more"
              .formatted(tensor.name(), row, scales.get(row)));
    }
  }

  private static ModelJson.Stored record(StoredTensor tensor) {
    LongBuffer mask = tensor.mask();
    FloatBuffer scales = tensor.data().scales();
    return new ModelJson.Stored(
        new ModelSummary.Tensor(
            tensor.name(),
            tensor.data().type(),
            tensor.shape(),
            tensor.pattern(),
            tensor.kept(),
            tensor.choice()),
        SafeTensorsWriter.crc(tensor.data().bytes()),
        mask == null ? null : (Integer) SafeTensorsWriter.crc(mask),
        scales == null ? null : (Integer) SafeTensorsWriter.crc(scales));
  }

  private static ModelJson.Content readModel(Path directory) {
    if (!Files.isDirectory(directory)) {
      throw new IllegalArgumentException(
          "'%s' is not a folder; allowed: a model directory with %s and %s"
              .formatted(directory, MODEL, WEIGHTS));
    }
    Path file = directory.resolve(MODEL);
    return ModelJson.read(file.toString(), RegularFile.readOwn(file, Json.MAX_DOCUMENT_BYTES));
  }

  /** The weights file must hold exactly the tensors of the records, with type, shape, alignment. */
  private static void checkEntries(
      String file, List<ModelJson.Stored> records, SafeTensors weights) {
    Set<String> expected = new HashSet<>();
    for (ModelJson.Stored record : records) {
      ModelSummary.Tensor tensor = record.tensor();
      String name = tensor.name();
      List<Long> shape = tensor.shape().stream().map(Integer::longValue).toList();
      List<Entry> entries = new ArrayList<>();
      SafeTensors.Type type = ModelJson.storedType(tensor.type());
      if (tensor.masked()) {
        entries.add(new Entry(name + VALUES_SUFFIX, type, List.of((long) tensor.kept())));
        List<Long> bytes = List.of(8L * StoredTensor.words(tensor.elements()));
        entries.add(new Entry(name + MASK_SUFFIX, SafeTensors.Type.U8, bytes));
      } else {
        entries.add(new Entry(name, type, shape));
      }
      if (tensor.scales() > 0) {
        List<Long> rows = List.of((long) tensor.scales());
        entries.add(new Entry(name + SCALE_SUFFIX, SafeTensors.Type.F32, rows));
      }
      entries.forEach(entry -> checkEntry(file, entry, weights, expected));
    }
    for (SafeTensors.Info info : weights.tensors()) {
      boolean padding =
          info.name().startsWith(SafeTensors.PADDING)
              && info.type() == SafeTensors.Type.U8
              && info.bytes() < SafeTensors.ALIGNMENT;
      if (!expected.contains(info.name()) && !padding) {
        throw new FormatException(
            file, info.begin(), "tensor '" + info.name() + "'", "only those of " + MODEL);
      }
      if (padding) {
        checkZero(file, info, weights.bytes(info.name()));
      }
    }
  }

  /** Padding has no checksum of its own, as its bytes are known. */
  private static void checkZero(String file, SafeTensors.Info padding, ByteBuffer bytes) {
    for (int i = 0; i < bytes.limit(); i++) {
      if (bytes.get(i) != 0) {
        throw new FormatException(
            file,
            padding.begin() + i,
            "byte %d in '%s'".formatted(bytes.get(i), padding.name()),
            "0: the data was changed");
      }
    }
  }

  /** What the weights file must hold under a name. */
  private record Entry(String name, SafeTensors.Type type, List<Long> shape) {}

  private static void checkEntry(
      String file, Entry entry, SafeTensors weights, Set<String> expected) {
    String name = entry.name();
    String allowed = "'%s' %s %s, by %s".formatted(name, entry.type(), entry.shape(), MODEL);
    if (!expected.add(name)) {
      throw new FormatException(file, FormatException.NOWHERE, "'" + name + "' twice", "once");
    }
    SafeTensors.Info info = weights.find(name).orElse(null);
    if (info == null) {
      throw new FormatException(file, FormatException.NOWHERE, "no such tensor", allowed);
    }
    if (info.type() != entry.type() || !info.shape().equals(entry.shape())) {
      throw new FormatException(file, info.begin(), info.type() + " " + info.shape(), allowed);
    }
    if (info.begin() % SafeTensors.ALIGNMENT != 0) {
      throw new FormatException(
          file, info.begin(), "the start of '" + name + "'", "a multiple of 64 bytes");
    }
  }

  private static StoredTensor readTensor(
      String file, ModelJson.Stored record, SafeTensors weights) {
    ModelSummary.Tensor tensor = record.tensor();
    boolean masked = tensor.masked();
    String name = masked ? tensor.name() + VALUES_SUFFIX : tensor.name();
    FloatBuffer scales = null;
    if (record.scalesCrc() != null) {
      String scaleName = tensor.name() + SCALE_SUFFIX;
      scales = data(file, scaleName, record.scalesCrc(), weights).asFloatBuffer();
    }
    ByteBuffer bytes = data(file, name, record.valuesCrc(), weights);
    TypedValues values = new TypedValues(tensor.type(), bytes, scales);
    checkFinite(file, tensor, values, weights);
    LongBuffer mask = null;
    if (masked) {
      String maskName = tensor.name() + MASK_SUFFIX;
      int crc = Objects.requireNonNull(record.maskCrc());
      mask = data(file, maskName, crc, weights).asLongBuffer();
    }
    try {
      return new StoredTensor(
          tensor.name(), tensor.shape(), tensor.pattern(), mask, values, tensor.choice());
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file, FormatException.NOWHERE, String.valueOf(e.getMessage()), "a sound tensor", e);
    }
  }

  private static void checkFinite(
      String file, ModelSummary.Tensor tensor, TypedValues values, SafeTensors weights) {
    String name = tensor.masked() ? tensor.name() + VALUES_SUFFIX : tensor.name();
    int index = values.firstNotFinite();
    if (index >= 0) {
      throw new FormatException(
          file,
          begin(weights, name) + (long) tensor.type().bytes() * index,
          values.get(index) + " in '" + name + "'",
          "finite numbers");
    }
    FloatBuffer scales = values.scales();
    int row = values.firstBadScale();
    if (scales != null && row >= 0) {
      String scaleName = tensor.name() + SCALE_SUFFIX;
      throw new FormatException(
          file,
          begin(weights, scaleName) + 4L * row,
          scales.get(row) + " in '" + scaleName + "'",
          "finite numbers of 0 or more");
    }
  }

  private static ByteBuffer data(String file, String name, int crc, SafeTensors weights) {
    ByteBuffer bytes;
    try {
      bytes = weights.bytes(name);
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file, begin(weights, name), String.valueOf(e.getMessage()), "less than 2 GiB", e);
    }
    CRC32C computed = new CRC32C();
    computed.update(bytes.duplicate());
    if ((int) computed.getValue() != crc) {
      throw new FormatException(
          file,
          begin(weights, name),
          "CRC-32C %s of '%s'".formatted(ModelJson.hex((int) computed.getValue()), name),
          ModelJson.hex(crc) + ", as written: the data was changed");
    }
    return bytes;
  }

  private static long begin(SafeTensors weights, String name) {
    return weights.find(name).map(SafeTensors.Info::begin).orElse(FormatException.NOWHERE);
  }

  private static ModelContent content(
      Path directory, ModelJson.Content model, List<StoredTensor> tensors) {
    try {
      return new ModelContent(model.graph(), tensors, model.provenance());
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          directory.resolve(MODEL).toString(),
          FormatException.NOWHERE,
          String.valueOf(e.getMessage()),
          "graph and tensors that fit",
          e);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.JavaWorkers;
import io.sparseland.kernels.TypedValues;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

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
      entries.addAll(WeightsFile.entries(tensor));
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
    Path file = directory.resolve(WEIGHTS);
    try (SafeTensors opened = SafeTensors.openOwn(file)) {
      WeightsFile weights = WeightsFile.of(file, opened, model.tensors());
      StoredTensor[] tensors = new StoredTensor[model.tensors().size()];
      JavaWorkers.run(tensors.length, i -> tensors[i] = weights.read(model.tensors().get(i)));
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
    try (SafeTensors opened = SafeTensors.openOwn(file)) {
      WeightsFile.of(file, opened, model.tensors());
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

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.basicdataset.tabular.CsvDataset;
import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.format.FormatException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;

/**
 * The rows of a CSV file.
 *
 * @param file for messages
 * @param columns features
 * @param numbers of the features, row by row
 * @param labels as they stand in the file
 */
record CsvRows(String file, List<String> columns, List<double[]> numbers, List<String> labels) {

  /** The feature columns of a file. */
  static List<String> columns(Path file, Csv wanted) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    List<String> header;
    try (Reader reader = reader(file);
        CSVParser parser = format(wanted).parse(reader)) {
      header = parser.getHeaderNames();
    }
    List<String> asked = new ArrayList<>(wanted.features());
    asked.add(wanted.label());
    for (String column : asked) {
      if (!header.contains(column)) {
        throw new FormatException(
            file.toString(), 0, "no column '" + column + "'", String.join(", ", header));
      }
    }
    return wanted.features().isEmpty()
        ? header.stream().filter(c -> !c.equals(wanted.label())).toList()
        : wanted.features();
  }

  private static Reader reader(Path file) throws IOException {
    InputStream in = Files.newInputStream(file);
    boolean packed = file.toString().endsWith(".gz");
    return new BufferedReader(
        new InputStreamReader(packed ? new GZIPInputStream(in) : in, StandardCharsets.UTF_8));
  }

  private static CSVFormat format(Csv wanted) {
    return CSVFormat.DEFAULT
        .builder()
        .setHeader()
        .setSkipHeaderRecord(true)
        .setDelimiter(wanted.delimiter())
        .get();
  }

  /**
   * Reads a file.
   *
   * @throws FormatException for a column that is not there and a cell that is no finite number
   */
  static CsvRows read(Path file, Csv wanted) throws IOException {
    List<String> columns = columns(file, wanted);
    CsvDataset.CsvBuilder<?> builder = CsvDataset.builder();
    builder.optCsvFile(file);
    builder.setCsvFormat(format(wanted));
    columns.forEach(builder::addNumericFeature);
    builder.addCategoricalLabel(wanted.label());
    builder.setSampling(1, false);
    CsvDataset cells = builder.build();
    cells.prepare(null); // the other method declares an exception that this does not throw
    List<double[]> numbers = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    for (long row = 0; row < cells.size(); row++) {
      double[] values = new double[columns.size()];
      for (int c = 0; c < values.length; c++) {
        values[c] = number(file, row, columns.get(c), cells.getCell(row, columns.get(c)));
      }
      numbers.add(values);
      labels.add(cells.getCell(row, wanted.label()));
    }
    if (numbers.isEmpty()) {
      throw new FormatException(file.toString(), 0, "no row", "one or more below the header");
    }
    return new CsvRows(file.toString(), columns, numbers, labels);
  }

  private static double number(Path file, long row, String column, String cell) {
    String found = "'%s' in row %d, column '%s'".formatted(cell, row + 1, column);
    String allowed = "a finite number";
    double value;
    try {
      value = Double.parseDouble(cell.strip());
    } catch (NumberFormatException e) {
      throw new FormatException(file.toString(), FormatException.NOWHERE, found, allowed, e);
    }
    if (!Double.isFinite(value)) {
      throw new FormatException(file.toString(), FormatException.NOWHERE, found, allowed);
    }
    return value;
  }

  /** The last tenth becomes the test examples. */
  LabelledData splitOff() {
    int test = (int) IdxImages.heldOut(labels.size());
    int train = labels.size() - test;
    if (train < 1) {
      throw new IllegalArgumentException("one row cannot be split into training and test");
    }
    CsvRows first = part(0, train);
    String note =
        "no test file was given: the last %d of %d rows are tested on, not trained on"
            .formatted(test, labels.size());
    return first.with(part(train, labels.size()), Optional.of(note));
  }

  private CsvRows part(int from, int to) {
    return new CsvRows(file, columns, numbers.subList(from, to), labels.subList(from, to));
  }

  /** These rows to train on, others to test on. */
  LabelledData with(CsvRows test) {
    return with(test, Optional.empty());
  }

  private LabelledData with(CsvRows test, Optional<String> note) {
    List<String> words = words(labels);
    Scaling scaling = Scaling.of(numbers);
    return new LabelledData(
        samples(words, scaling),
        test.samples(words, scaling),
        Texts.digest(List.of(bits(), test.bits())),
        note);
  }

  /** No words if all labels are whole numbers from 0, else every word in its order. */
  private static List<String> words(List<String> labels) {
    return labels.stream().allMatch(l -> l.strip().matches("[0-9]{1,7}"))
        ? List.of()
        : List.copyOf(new TreeSet<>(labels));
  }

  private Samples samples(List<String> words, Scaling scaling) {
    int width = columns.size();
    float[] inputs = new float[Math.multiplyExact(width, numbers.size())];
    float[] classes = new float[numbers.size()];
    for (int i = 0; i < classes.length; i++) {
      for (int c = 0; c < width; c++) {
        inputs[i * width + c] = (float) scaling.scaled(c, numbers.get(i)[c]);
      }
      classes[i] = label(words, i);
    }
    return new Samples(inputs, new Shape(width), classes);
  }

  private int label(List<String> words, int row) {
    String label = labels.get(row);
    int found =
        !words.isEmpty()
            ? words.indexOf(label)
            : label.strip().matches("[0-9]{1,7}") ? Integer.parseInt(label.strip()) : -1;
    if (found < 0) {
      throw new FormatException(
          file,
          FormatException.NOWHERE,
          "label '%s' in row %d".formatted(label, row + 1),
          "a label of the training rows");
    }
    return found;
  }

  /** All cells, for a digest. */
  private List<int[]> bits() {
    List<int[]> all = new ArrayList<>();
    for (int i = 0; i < numbers.size(); i++) {
      int[] row = new int[columns.size() + 1];
      for (int c = 0; c < columns.size(); c++) {
        row[c] = Float.floatToIntBits((float) numbers.get(i)[c]);
      }
      row[columns.size()] = labels.get(i).hashCode();
      all.add(row);
    }
    return all;
  }

  /** Mean and standard deviation of each feature; a constant one keeps its scale. */
  private static final class Scaling {

    private final double[] mean;
    private final double[] deviation;

    private Scaling(double[] mean, double[] deviation) {
      this.mean = mean;
      this.deviation = deviation;
    }

    static Scaling of(List<double[]> rows) {
      int width = rows.get(0).length;
      double[] mean = new double[width];
      double[] deviation = new double[width];
      for (int c = 0; c < width; c++) {
        int column = c;
        mean[c] = rows.stream().mapToDouble(r -> r[column]).average().orElse(0);
        double center = mean[c];
        double variance =
            rows.stream().mapToDouble(r -> Math.pow(r[column] - center, 2)).average().orElse(0);
        deviation[c] = variance == 0 ? 1 : Math.sqrt(variance);
      }
      return new Scaling(mean, deviation);
    }

    double scaled(int column, double value) {
      return (value - mean[column]) / deviation[column];
    }
  }
}

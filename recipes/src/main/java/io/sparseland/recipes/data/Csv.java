// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Labelled rows of numbers from CSV files with a header, plain or gzipped; {@code {csv: {train:
 * a.csv, label: species}}}.
 *
 * <p>Each feature is moved to mean 0 and variance 1 by the training rows. Without a test file the
 * last tenth of the rows is held out and tested on.
 *
 * @param train relative to the data folders, or absolute
 * @param label column of the class: whole numbers from 0, or words, which are numbered in their
 *     order
 * @param test rows to test on, with the same columns
 * @param features columns to read; all others than the label if left out
 * @param delimiter between cells, one character
 * @param batch examples per step
 */
public record Csv(
    String train,
    String label,
    Optional<String> test,
    @Default("[]") List<String> features,
    @Default("','") String delimiter,
    @Default("64") int batch)
    implements LabelledSource {

  /** Checks the settings. */
  public Csv {
    Sizes.batch(batch);
    features = List.copyOf(features);
    if (delimiter.length() != 1) {
      throw new IllegalArgumentException(
          "delimiter '%s' must be one character".formatted(delimiter));
    }
    if (features.contains(label)) {
      throw new IllegalArgumentException("column '%s' is the label, no feature".formatted(label));
    }
  }

  @Override
  public DataFacts facts(DataFolders folders) throws IOException {
    int columns = CsvRows.columns(folders.find(train), this).size();
    return new DataFacts(List.of(columns), 0, 0, "header of " + train);
  }

  @Override
  public LabelledData open(DataFolders folders) throws IOException {
    CsvRows rows = CsvRows.read(folders.find(train), this);
    return test.isEmpty()
        ? rows.splitOff()
        : rows.with(CsvRows.read(folders.find(test.get()), this));
  }
}

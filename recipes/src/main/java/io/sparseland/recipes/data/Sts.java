// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.files.OpenModel;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Sentence pairs with a score of their likeness, in the form of the STS benchmark: tab-separated,
 * columns 5 to 7 are score and sentences. Scored by Spearman's correlation of the cosine of the two
 * sentence vectors with the score.
 *
 * @param calibration file whose first sentences, evenly over it, the model is calibrated on
 * @param test file to score on
 * @param length most tokens of a sentence
 * @param batch sentences at once
 */
public record Sts(
    String calibration, String test, @Default("128") int length, @Default("32") int batch)
    implements DataSource {

  private static final int SCORE = 4; // columns
  private static final int COLUMNS = 7;

  /** Checks the numbers. */
  public Sts {
    Sizes.batch(batch);
    if (length < 3) {
      throw new IllegalArgumentException("length " + length + " must be at least 3");
    }
  }

  @Override
  public String metric() {
    return "spearman";
  }

  @Override
  public int testBatch() {
    return SentenceVectors.BATCH;
  }

  @Override
  public DataFacts facts(DataFolders folders) {
    return new DataFacts(
        List.of(Math.min(length, DataFacts.SENTENCE)), 0, 0, "a long sentence; others are shorter");
  }

  @Override
  public DataSet open(DataFolders folders, OpenModel model) throws IOException {
    try (Tokenizer tokenizer = model.tokenizer()) {
      List<int[]> first = new ArrayList<>();
      rows(folders.find(calibration))
          .forEach(row -> first.add(tokenizer.sentence(row[SCORE + 1], length)));
      List<int[]> pairs = new ArrayList<>();
      List<Double> scores = new ArrayList<>();
      Path file = folders.find(test);
      for (String[] row : rows(file)) {
        pairs.add(tokenizer.sentence(row[SCORE + 1], length));
        pairs.add(tokenizer.sentence(row[SCORE + 2], length));
        scores.add(score(file, row));
      }
      return new SentencePairs(
          first, pairs, List.copyOf(scores), Texts.digest(List.of(first, pairs)));
    }
  }

  private static List<String[]> rows(Path file) throws IOException {
    List<String[]> rows =
        Texts.read(file).lines().filter(l -> !l.isBlank()).map(l -> l.split("\t", -1)).toList();
    for (int i = 0; i < rows.size(); i++) {
      if (rows.get(i).length < COLUMNS) {
        throw new FormatException(
            file.toString(),
            FormatException.NOWHERE,
            "%d columns in line %d".formatted(rows.get(i).length, i + 1),
            COLUMNS + " or more, tab-separated");
      }
    }
    if (rows.isEmpty()) {
      throw new FormatException(file.toString(), 0, "no lines", "sentence pairs");
    }
    return rows;
  }

  private static double score(Path file, String[] row) {
    try {
      return Double.parseDouble(row[SCORE]);
    } catch (NumberFormatException e) {
      throw new FormatException(
          file.toString(),
          FormatException.NOWHERE,
          "score '%s' of %s".formatted(row[SCORE], Arrays.toString(row)),
          "a number",
          e);
    }
  }
}

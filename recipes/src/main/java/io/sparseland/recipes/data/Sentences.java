// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.files.OpenModel;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Sentences without labels, one a line. Scored by how well the vectors of a pruned model agree with
 * the dense model's: their mean cosine.
 *
 * @param file sentences; every fourth is tested on, the others are to calibrate on
 * @param length most tokens of a sentence
 * @param batch sentences at once
 */
public record Sentences(String file, @Default("128") int length, @Default("32") int batch)
    implements DataSource {

  private static final int TEST_EVERY = 4;

  /** Checks the numbers. */
  public Sentences {
    Sizes.batch(batch);
    if (length < 3) {
      throw new IllegalArgumentException("length " + length + " must be at least 3");
    }
  }

  @Override
  public String metric() {
    return Evaluation.COSINE;
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
    Path path = folders.find(file);
    List<String> lines = Texts.read(path).lines().filter(l -> !l.isBlank()).toList();
    if (lines.size() < TEST_EVERY) {
      throw new FormatException(
          path.toString(), 0, lines.size() + " sentences", TEST_EVERY + " or more, one a line");
    }
    List<int[]> calibration = new ArrayList<>();
    List<int[]> test = new ArrayList<>();
    try (Tokenizer tokenizer = model.tokenizer()) {
      for (int i = 0; i < lines.size(); i++) {
        (i % TEST_EVERY == TEST_EVERY - 1 ? test : calibration)
            .add(tokenizer.sentence(lines.get(i), length));
      }
    }
    return new Opened(calibration, test, Texts.digest(List.of(calibration, test)));
  }

  private record Opened(List<int[]> calibration, List<int[]> test, String digest)
      implements SentenceData {

    @Override
    public String metric() {
      return Evaluation.COSINE;
    }

    @Override
    public double score(Model model) {
      throw new UnsupportedOperationException("vectors are compared with the dense model's");
    }

    @Override
    public Evaluation evaluate(Model model) {
      return new Evaluation(Map.of(), SentenceVectors.of(model, test));
    }
  }
}

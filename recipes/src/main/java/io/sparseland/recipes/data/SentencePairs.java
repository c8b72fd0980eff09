// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/**
 * Pairs of sentences as tokens.
 *
 * @param calibration sentences to calibrate on, evenly over them
 * @param test two sentences after two
 * @param scores one per pair
 * @param digest SHA-256 of all tokens
 */
record SentencePairs(List<int[]> calibration, List<int[]> test, List<Double> scores, String digest)
    implements SentenceData {

  @Override
  public String metric() {
    return "spearman";
  }

  @Override
  public double score(Model model) {
    return spearman(SentenceVectors.of(model, test));
  }

  @Override
  public Evaluation evaluate(Model model) {
    List<double[]> vectors = SentenceVectors.of(model, test);
    return new Evaluation(Map.of("spearman", spearman(vectors)), vectors);
  }

  private double spearman(List<double[]> vectors) {
    double[] cosines = new double[scores.size()];
    for (int i = 0; i < cosines.length; i++) {
      cosines[i] = SentenceVectors.cosine(vectors.get(2 * i), vectors.get(2 * i + 1));
    }
    return new SpearmansCorrelation()
        .correlation(cosines, scores.stream().mapToDouble(s -> s).toArray());
  }
}

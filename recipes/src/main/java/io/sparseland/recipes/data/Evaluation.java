// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import java.util.List;
import java.util.Map;

/**
 * What a model makes of the test examples.
 *
 * @param scores by metric
 * @param vectors one of each example where the model gives vectors, to compare with those of the
 *     dense model; else none
 */
public record Evaluation(Map<String, Double> scores, List<double[]> vectors) {

  /** The metric that compares vectors with the dense model's. */
  public static final String COSINE = "cosine";

  /** Copies the collections. */
  public Evaluation {
    scores = Map.copyOf(scores);
    vectors = List.copyOf(vectors);
  }

  /** Numbers only. */
  static Evaluation of(Map<String, Double> scores) {
    return new Evaluation(scores, List.of());
  }

  /** Mean cosine of the vectors with others of the same examples, 1 for the same direction. */
  public double cosine(List<double[]> others) {
    double sum = 0;
    for (int i = 0; i < vectors.size(); i++) {
      sum += SentenceVectors.cosine(vectors.get(i), others.get(i));
    }
    return sum / vectors.size();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Documents and queries as tokens.
 *
 * @param relevant by query the relevant documents
 * @param digest SHA-256 of all tokens
 */
record RetrievalData(
    List<int[]> documents, List<int[]> queries, Map<Integer, Set<Integer>> relevant, String digest)
    implements SentenceData {

  /** nDCG@10. */
  static final String METRIC = "ndcg";

  private static final int TOP = 10;

  @Override
  public List<int[]> calibration() {
    return documents;
  }

  @Override
  public List<int[]> test() {
    return queries;
  }

  @Override
  public String metric() {
    return METRIC;
  }

  @Override
  public double score(Model model) {
    return evaluate(model).scores().getOrDefault(METRIC, Double.NaN);
  }

  @Override
  public Evaluation evaluate(Model model) {
    List<double[]> texts = SentenceVectors.of(model, documents);
    List<double[]> asked = SentenceVectors.of(model, queries);
    double sum = 0;
    for (Map.Entry<Integer, Set<Integer>> query : relevant.entrySet()) {
      double[] vector = asked.get(query.getKey());
      double[] scores =
          texts.stream().mapToDouble(t -> SentenceVectors.cosine(t, vector)).toArray();
      sum += ndcg(scores, query.getValue());
    }
    List<double[]> all = new ArrayList<>(texts);
    all.addAll(asked);
    return new Evaluation(Map.of(METRIC, sum / relevant.size()), all);
  }

  /**
   * {@code sum over ranks i of the first 10 of rel_i / log2(i + 1)}, as a share of the best
   * order's; equal scores: the earlier document first.
   */
  static double ndcg(double[] scores, Set<Integer> relevant) {
    List<Integer> ranked =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(d -> -scores[d]).thenComparing(d -> d))
            .limit(TOP)
            .toList();
    double found = 0;
    double best = 0;
    for (int rank = 0; rank < TOP; rank++) {
      double gain = Math.log(2) / Math.log(rank + 2);
      found += rank < ranked.size() && relevant.contains(ranked.get(rank)) ? gain : 0;
      best += rank < relevant.size() ? gain : 0;
    }
    return found / best;
  }
}

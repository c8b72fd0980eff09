// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Torch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/** What a sentence encoder makes of sentences; only those of one length share a batch. */
final class SentenceVectors {

  /** Sentences at once. */
  static final int BATCH = 64;

  private SentenceVectors() {}

  /** One vector a sentence. */
  static List<double[]> of(Model model, List<int[]> sentences) {
    double[][] vectors = new double[sentences.size()][];
    Torch.withoutGradients(
        () -> {
          for (List<Integer> part : batches(sentences, BATCH)) {
            try (NDScope scope = new NDScope();
                NDManager manager = model.getNDManager().newSubManager()) {
              scope.suppressNotUsedWarning();
              NDArray out =
                  model
                      .getBlock()
                      .forward(
                          new ParameterStore(manager, false),
                          new NDList(ids(manager, sentences, part)),
                          false)
                      .singletonOrThrow(); // [batch, width]
              float[] all = out.toFloatArray();
              int width = all.length / part.size();
              for (int i = 0; i < part.size(); i++) {
                double[] own = new double[width];
                for (int c = 0; c < width; c++) {
                  own[c] = all[i * width + c];
                }
                vectors[part.get(i)] = own;
              }
            }
          }
        });
    return Arrays.asList(vectors);
  }

  static double cosine(double[] a, double[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }

  /** Places of equally long sentences, at most {@code batch} together, shortest first. */
  static List<List<Integer>> batches(List<int[]> sentences, int batch) {
    TreeMap<Integer, List<Integer>> byLength = new TreeMap<>();
    for (int i = 0; i < sentences.size(); i++) {
      byLength.computeIfAbsent(sentences.get(i).length, l -> new ArrayList<>()).add(i);
    }
    List<List<Integer>> batches = new ArrayList<>();
    for (List<Integer> same : byLength.values()) {
      for (int from = 0; from < same.size(); from += batch) {
        batches.add(same.subList(from, Math.min(same.size(), from + batch)));
      }
    }
    return batches;
  }

  static NDArray ids(NDManager manager, List<int[]> sentences, List<Integer> part) {
    return Tokens.ids(manager, part.stream().map(sentences::get).toList());
  }
}

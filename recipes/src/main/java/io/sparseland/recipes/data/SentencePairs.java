// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.TraceInput;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/**
 * Sentences as tokens. Only sentences of one length share a batch, so there is no padding that
 * statistics would have to leave out.
 *
 * @param first sentences to calibrate on, evenly over them
 * @param pairs two sentences after two
 * @param scores one per pair
 * @param digest SHA-256 of all tokens
 */
record SentencePairs(List<int[]> first, List<int[]> pairs, List<Double> scores, String digest)
    implements DataSet {

  private static final int TEST_BATCH = 64;
  private static final int TRACED = 16; // tokens; any number shows the same operations

  @Override
  public Shape item() {
    return new Shape(TRACED);
  }

  @Override
  public TraceInput traced() {
    return Tokens.traced(item());
  }

  @Override
  public NDList probe(NDManager manager) {
    return new NDList(Tokens.ids(manager, pairs.subList(0, 1)));
  }

  @Override
  public int largestLabel() {
    return -1;
  }

  @Override
  public int calibrationSize() {
    return first.size();
  }

  /** Sentence 0, k, 2k, ... with the smallest k that gives no more than the samples asked for. */
  @Override
  public List<Calibrator.Labelled> calibration(NDManager manager, int samples, int batch) {
    int step = (first.size() + samples - 1) / samples;
    List<int[]> chosen = new ArrayList<>();
    for (int i = 0; i < first.size(); i += step) {
      chosen.add(first.get(i));
    }
    List<Calibrator.Labelled> all = new ArrayList<>();
    for (List<Integer> part : batches(chosen, batch)) {
      NDArray seed = manager.create(new long[] {all.size()});
      all.add(new Calibrator.Labelled(new NDList(ids(manager, chosen, part)), new NDList(seed)));
    }
    return all;
  }

  @Override
  public Loss loss() {
    return new OutputNoise();
  }

  @Override
  public double score(Model model) {
    double[][] vectors = new double[pairs.size()][];
    Torch.withoutGradients(
        () -> {
          for (List<Integer> part : batches(pairs, TEST_BATCH)) {
            try (NDScope scope = new NDScope();
                NDManager manager = model.getNDManager().newSubManager()) {
              scope.suppressNotUsedWarning();
              NDArray out =
                  model
                      .getBlock()
                      .forward(
                          new ParameterStore(manager, false),
                          new NDList(ids(manager, pairs, part)),
                          false)
                      .singletonOrThrow(); // [batch, width]
              float[] all = out.toFloatArray();
              int width = all.length / part.size();
              for (int i = 0; i < part.size(); i++) {
                vectors[part.get(i)] = new double[width];
                for (int c = 0; c < width; c++) {
                  vectors[part.get(i)][c] = all[i * width + c];
                }
              }
            }
          }
        });
    double[] cosines = new double[scores.size()];
    for (int i = 0; i < cosines.length; i++) {
      cosines[i] = cosine(vectors[2 * i], vectors[2 * i + 1]);
    }
    return new SpearmansCorrelation()
        .correlation(cosines, scores.stream().mapToDouble(s -> s).toArray());
  }

  private static double cosine(double[] a, double[] b) {
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
  private static List<List<Integer>> batches(List<int[]> sentences, int batch) {
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

  private static NDArray ids(NDManager manager, List<int[]> sentences, List<Integer> part) {
    return Tokens.ids(manager, part.stream().map(sentences::get).toList());
  }

  @Override
  public Optional<String> note() {
    return Optional.empty();
  }
}

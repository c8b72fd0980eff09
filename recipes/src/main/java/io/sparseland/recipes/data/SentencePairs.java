// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Calibrator;
import io.sparseland.core.graph.TraceInput;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

  @Override
  public List<Calibrator.Labelled> calibration(NDManager manager, int samples, int batch) {
    return calibration(manager, first, samples, batch);
  }

  /** Sentence 0, k, 2k, ... with the smallest k that gives no more than the samples asked for. */
  static List<Calibrator.Labelled> calibration(
      NDManager manager, List<int[]> sentences, int samples, int batch) {
    int step = (sentences.size() + samples - 1) / samples;
    List<int[]> chosen = new ArrayList<>();
    for (int i = 0; i < sentences.size(); i += step) {
      chosen.add(sentences.get(i));
    }
    List<Calibrator.Labelled> all = new ArrayList<>();
    for (List<Integer> part : SentenceVectors.batches(chosen, batch)) {
      NDArray seed = manager.create(new long[] {all.size()});
      NDList ids = new NDList(SentenceVectors.ids(manager, chosen, part));
      all.add(new Calibrator.Labelled(ids, new NDList(seed)));
    }
    return all;
  }

  @Override
  public Loss loss() {
    return new OutputNoise();
  }

  @Override
  public String metric() {
    return "spearman";
  }

  @Override
  public double score(Model model) {
    return spearman(SentenceVectors.of(model, pairs));
  }

  @Override
  public Evaluation evaluate(Model model) {
    List<double[]> vectors = SentenceVectors.of(model, pairs);
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

  @Override
  public Optional<String> note() {
    return Optional.empty();
  }
}

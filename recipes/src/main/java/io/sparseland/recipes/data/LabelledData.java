// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.TraceInput;
import io.sparseland.training.TrainLoop;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Labelled examples in memory; scored by accuracy.
 *
 * @param train pixels from 0 to 1, labels from 0
 * @param test the same, not trained on
 * @param digest SHA-256 of the data, or a word that tells how it was made
 * @param note what a reader of the report should know, for example that test examples were held out
 */
public record LabelledData(Samples train, Samples test, String digest, Optional<String> note)
    implements DataSet {

  static final int TEST_BATCH = 256;
  private static final int PROBE = 16;
  private static final int TOP = 5;

  @Override
  public Shape item() {
    return train.item();
  }

  @Override
  public TraceInput traced() {
    return TraceInput.of(new Shape(2).addAll(item()));
  }

  @Override
  public NDList probe(NDManager manager) {
    return new NDList(test.batch(manager, 0, Math.min(PROBE, test.size())));
  }

  @Override
  public int largestLabel() {
    return Math.max(train.largestLabel(), test.largestLabel());
  }

  @Override
  public int calibrationSize() {
    return train.size();
  }

  @Override
  public List<Calibrator.Labelled> calibration(NDManager manager, int samples, int batch) {
    List<Calibrator.Labelled> batches = new ArrayList<>();
    for (int from = 0; from < samples; from += batch) {
      int count = Math.min(batch, samples - from);
      batches.add(
          new Calibrator.Labelled(
              new NDList(train.batch(manager, from, count)),
              new NDList(train.labels(manager, from, count))));
    }
    return batches;
  }

  @Override
  public double score(Model model) {
    return TrainLoop.accuracy(model, test.examples(), TEST_BATCH);
  }

  /** Also the share of examples whose class is among the five most probable ones. */
  @Override
  public Evaluation evaluate(Model model) {
    long[] within = new long[TOP + 1]; // examples with so many classes above their own
    int classes = Torch.withoutGradients(() -> rank(model, within));
    double first = within[0] / (double) test.size();
    if (classes <= TOP) {
      return Evaluation.of(Map.of("accuracy", first));
    }
    long five = Arrays.stream(within, 0, TOP).sum();
    return Evaluation.of(Map.of("accuracy", first, "accuracy_top5", five / (double) test.size()));
  }

  private int rank(Model model, long[] within) {
    int classes = 0;
    for (int from = 0; from < test.size(); from += TEST_BATCH) {
      int count = Math.min(TEST_BATCH, test.size() - from);
      try (NDScope scope = new NDScope();
          NDManager manager = model.getNDManager().newSubManager()) {
        scope.suppressNotUsedWarning();
        NDList inputs = new NDList(test.batch(manager, from, count));
        float[] logits =
            model
                .getBlock()
                .forward(new ParameterStore(manager, false), inputs, false)
                .head()
                .toFloatArray();
        classes = logits.length / count;
        for (int i = 0; i < count; i++) {
          int above = above(logits, i * classes, classes, test.label(from + i));
          within[Math.min(TOP, above)]++;
        }
      }
    }
    return classes;
  }

  /** Classes ranked before one; of equals the lower. */
  private static int above(float[] logits, int at, int classes, int label) {
    float own = logits[at + label];
    int above = 0;
    for (int c = 0; c < classes; c++) {
      above += logits[at + c] > own || (logits[at + c] == own && c < label) ? 1 : 0;
    }
    return Float.isNaN(own) ? classes : above;
  }
}

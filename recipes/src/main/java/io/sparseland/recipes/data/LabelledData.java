// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Calibrator;
import io.sparseland.core.graph.TraceInput;
import io.sparseland.training.TrainLoop;
import java.util.ArrayList;
import java.util.List;
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

  private static final int TEST_BATCH = 256;
  private static final int PROBE = 16;

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
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Calibrator;
import io.sparseland.core.SensitivityScan;
import io.sparseland.core.graph.TraceInput;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a model is calibrated and scored on, in memory. */
public interface DataSet {

  /** Shape of one input to trace with, without the batch. */
  Shape item();

  /** The input of an exported model. */
  TraceInput traced();

  /** A few test inputs that an exported model is compared on. */
  NDList probe(NDManager manager);

  /** The largest class or token. */
  int largestLabel();

  /** How many calibration examples there are. */
  int calibrationSize();

  /**
   * Calibration examples, from the first on.
   *
   * @param manager of the arrays
   * @param samples at most {@link #calibrationSize}
   * @param batch examples at once, where they have one size
   * @return with what the loss of the training wants to see
   */
  List<Calibrator.Labelled> calibration(NDManager manager, int samples, int batch);

  /** What gradients are of; it fits the labels of {@link #calibration}. */
  default Loss loss() {
    return Loss.softmaxCrossEntropyLoss();
  }

  /** How outputs of a pruned model are compared with the dense one's. */
  default SensitivityScan.Difference difference() {
    return SensitivityScan.Difference.DIVERGENCE;
  }

  /** The source's {@link DataSource#metric} on the test examples. */
  double score(Model model);

  /** The same and whatever else the test examples tell. */
  default Evaluation evaluate(Model model) {
    return Evaluation.of(Map.of(metric(), score(model)));
  }

  /** The name of {@link #score}. */
  default String metric() {
    return "accuracy";
  }

  /** SHA-256 of the data, or a word that tells how it was made. */
  String digest();

  /** What a reader of the report should know. */
  Optional<String> note();
}

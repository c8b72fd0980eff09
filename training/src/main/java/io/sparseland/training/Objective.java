// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;

/** What training makes small. */
public interface Objective {

  /**
   * A forward pass.
   *
   * @param loss scalar, to go backward from
   * @param predictions of the model
   */
  record Value(NDArray loss, NDList predictions) {}

  /** Computes the loss of a batch, gradients being recorded. */
  Value evaluate(Trainer trainer, NDList inputs, NDList labels);

  /** A loss of labels. */
  static Objective of(Loss loss) {
    return (trainer, inputs, labels) -> {
      NDList predictions = trainer.forward(inputs, labels);
      return new Value(loss.evaluate(labels, predictions), predictions);
    };
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

/**
 * Cross entropy of a language model in nats a token: {@code -mean log softmax(z_t)[x_t+1]}.
 *
 * <p>Predictions are logits {@code [batch, time, vocabulary]} of whole sequences, labels the
 * sequences without their first token, {@code [batch, time - 1]}; the last logits predict what is
 * not there, and are left out.
 */
public final class NextToken extends Loss {

  /** Makes the loss. */
  public NextToken() {
    super("NextToken");
  }

  @Override
  public NDArray evaluate(NDList labels, NDList predictions) {
    NDArray next = labels.singletonOrThrow().toType(DataType.INT64, false);
    NDArray logits = predictions.head().get(new NDIndex(":,:{}", next.getShape().get(1)));
    return logits.logSoftmax(2).gather(next.expandDims(2), 2).mean().neg();
  }
}

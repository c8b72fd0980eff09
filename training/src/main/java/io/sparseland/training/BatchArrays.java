// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Pair;
import io.sparseland.core.Calibrator;
import org.jspecify.annotations.Nullable;

/** The arrays that batches are gathered into: one pair for full batches, one for the short last. */
final class BatchArrays implements AutoCloseable {

  private final Examples examples;
  private final NDManager manager;
  private final Pair<NDArray, NDArray> full;
  private @Nullable Pair<NDArray, NDArray> last;

  BatchArrays(NDManager parent, Examples examples, int batch) {
    this.examples = examples;
    this.manager = parent.newSubManager();
    this.full = pair(Math.min(batch, examples.size()));
  }

  /**
   * Inputs {@code [count, item...]} and labels {@code [count]} of the batch that starts at an
   * example; valid until the next call.
   *
   * @param order of the epoch, null for the examples' own
   */
  Pair<NDArray, NDArray> fill(int @Nullable [] order, int from, int count) {
    Calibrator.Labelled ready = examples.batch(order == null ? from : order[from]);
    if (ready != null) {
      return new Pair<>(ready.data().singletonOrThrow(), ready.labels().singletonOrThrow());
    }
    Pair<NDArray, NDArray> arrays = full;
    if (full.getValue().size() != count) {
      if (last == null || last.getValue().size() != count) {
        closeLast();
        last = pair(count);
      }
      arrays = last;
    }
    examples.gather(
        order,
        from,
        count,
        arrays.getKey().toByteBuffer(true).asFloatBuffer(),
        arrays.getValue().toByteBuffer(true).asFloatBuffer());
    return arrays;
  }

  private void closeLast() {
    if (last != null) {
      last.getKey().close();
      last.getValue().close();
    }
  }

  @Override
  public void close() {
    manager.close();
  }

  private Pair<NDArray, NDArray> pair(int count) {
    return new Pair<>(
        manager.create(examples.batchShape(count), DataType.FLOAT32),
        manager.create(new Shape(count), DataType.FLOAT32));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.graph.TraceInput;
import java.util.Arrays;
import java.util.List;

/** Token ids as arrays. */
final class Tokens {

  private Tokens() {}

  /** Equally long sequences, int64 [sequences, length]. */
  static NDArray ids(NDManager manager, List<int[]> sequences) {
    long[] ids = sequences.stream().flatMapToInt(Arrays::stream).asLongStream().toArray();
    return manager.create(ids, new Shape(sequences.size(), sequences.get(0).length));
  }

  /** Ids of any batch and any length. */
  static TraceInput traced(Shape item) {
    return TraceInput.of(new Shape(2).addAll(item), DataType.INT64).symbol(1, "time");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.core.Mask;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tensor to be stored.
 *
 * @param name name by which nodes refer to it
 * @param shape sizes, outermost first
 * @param values all of them, row-major; never changed
 * @param layer dotted name of the layer it belongs to, or ""
 * @param mask which are kept, over [shape[0], rest]; null when not pruned
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only, never changed
record Weight(String name, List<Integer> shape, float[] values, String layer, @Nullable Mask mask) {

  Weight {
    shape = List.copyOf(shape);
  }

  /** The same place and mask with other values. */
  Weight withValues(float[] changed) {
    return new Weight(name, shape, changed, layer, mask);
  }

  /** Rows: outputs of a linear or convolution weight. */
  int rows() {
    return shape.get(0);
  }

  @Override
  public String toString() {
    return name + shape;
  }
}

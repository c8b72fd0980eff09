// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.graph.Size;
import java.util.Arrays;
import java.util.List;

/** An array of the traced graph during lowering. */
sealed interface Operand {

  /** Its sizes. */
  List<Size> shape();

  default int rank() {
    return shape().size();
  }

  /**
   * Computed at run time.
   *
   * @param name name of the value
   * @param integral whether it holds ids: those can be moved and looked up, not computed with
   */
  record Value(String name, List<Size> shape, boolean integral) implements Operand {
    public Value {
      shape = List.copyOf(shape);
    }
  }

  /**
   * Known at export: a parameter, a constant, or computed from those alone.
   *
   * @param name dotted name of the parameter, else ""
   * @param array the values; lives as long as the lowering
   */
  record Stored(String name, NDArray array) implements Operand {

    @Override
    public List<Size> shape() {
      return sizes(array.getShape());
    }

    boolean isScalar() {
      return array.size() == 1;
    }

    /**
     * The values as fp32.
     *
     * @throws IllegalArgumentException if they are integers beyond 2^24, which fp32 does not hold
     */
    float[] floats() {
      if (array.getDataType() == DataType.FLOAT32) {
        return array.toFloatArray();
      }
      try (NDArray converted = array.toType(DataType.FLOAT32, false)) {
        float[] values = converted.toFloatArray();
        if (array.getDataType().isInteger()) {
          for (float value : values) {
            if (Math.abs(value) > 1 << 24) {
              throw new IllegalArgumentException(
                  "integer constant " + value + "; allowed: up to 2^24 in size");
            }
          }
        }
        return values;
      }
    }

    float scalar() {
      return floats()[0];
    }
  }

  static List<Size> sizes(Shape shape) {
    return Arrays.stream(shape.getShape()).mapToObj(Size::of).toList();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import java.util.function.ToDoubleFunction;

/** Row-major fp64 numbers. */
final class Array {

  private final int[] shape;
  private final double[] values;

  Array(int[] shape, double[] values) {
    this.shape = shape;
    this.values = values;
  }

  int[] shape() {
    return shape;
  }

  double[] values() {
    return values;
  }

  static Array of(int[] shape, ToDoubleFunction<int[]> function) {
    double[] values = new double[size(shape)];
    int[] at = new int[shape.length];
    for (int i = 0; i < values.length; i++) {
      int rest = i;
      for (int axis = shape.length - 1; axis >= 0; axis--) {
        at[axis] = rest % shape[axis];
        rest /= shape[axis];
      }
      values[i] = function.applyAsDouble(at);
    }
    return new Array(shape, values);
  }

  static int size(int... shape) {
    int size = 1;
    for (int n : shape) {
      size *= n;
    }
    return size;
  }

  double at(int... index) {
    int flat = 0;
    for (int axis = 0; axis < shape.length; axis++) {
      flat = flat * shape[axis] + index[axis];
    }
    return values[flat];
  }

  /** The element that numpy broadcasting puts at this index of a larger shape. */
  double broadcast(int... index) {
    int[] own = new int[shape.length];
    for (int axis = 0; axis < shape.length; axis++) {
      own[axis] = shape[axis] == 1 ? 0 : index[index.length - shape.length + axis];
    }
    return at(own);
  }

  boolean inside(int row, int column) {
    return row >= 0 && row < shape[2] && column >= 0 && column < shape[3];
  }

  double padded(double padding, int batch, int channel, int row, int column) {
    return inside(row, column) ? at(batch, channel, row, column) : padding;
  }
}

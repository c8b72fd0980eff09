// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;

/** {@code softmax(x)[i] = exp(x[i] - max) / sum(exp(x - max))} along an axis, summed in fp64. */
final class Softmax {

  private Softmax() {}

  static NDArray of(SparselandNDArray x, int axis, boolean log) {
    DataType type = x.getDataType();
    if (!type.isFloating()) {
      throw new IllegalArgumentException(
          "softmax of " + type + ": allowed are FLOAT32 and FLOAT64; convert with toType");
    }
    int along = Layout.axis(axis, x.getShape().dimension());
    int length = Math.toIntExact(x.size(along));
    int inner = Math.toIntExact(x.getShape().slice(along + 1).size());
    SparselandNDArray y = x.like(x.getShape(), type);
    ByteBuffer from = x.bytes();
    ByteBuffer to = y.bytes();
    for (int i = 0; i < x.size() / Math.max(1, length); i++) {
      int start = i / inner * length * inner + i % inner;
      double max = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < length; j++) {
        max = Math.max(max, Elements.getDouble(from, type, start + j * inner));
      }
      double sum = 0;
      for (int j = 0; j < length; j++) {
        sum += Math.exp(Elements.getDouble(from, type, start + j * inner) - max);
      }
      for (int j = 0; j < length; j++) {
        double shifted = Elements.getDouble(from, type, start + j * inner) - max;
        double value = log ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
        Elements.put(to, type, start + j * inner, value);
      }
    }
    return y;
  }
}

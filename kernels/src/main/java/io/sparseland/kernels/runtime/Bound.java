// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Layout;
import io.sparseland.kernels.Tensor;
import java.util.List;
import java.util.Map;

/** Types and shapes of inputs that were found right, and what they bind the symbols to. */
final class Bound {

  private final ElementType[] types;
  private final int[][] shapes;
  private final Map<String, Long> symbols;

  Bound(List<Tensor> inputs, Map<String, Long> symbols) {
    this.types = inputs.stream().map(Tensor::type).toArray(ElementType[]::new);
    this.shapes = inputs.stream().map(Tensor::shape).toArray(int[][]::new);
    this.symbols = symbols;
  }

  Map<String, Long> symbols() {
    return symbols;
  }

  /** Whether inputs are like those; a call of the same size as the last one need not think. */
  boolean fits(List<Tensor> inputs) {
    boolean fits = inputs.size() == types.length;
    for (int i = 0; fits && i < types.length; i++) {
      Tensor input = inputs.get(i);
      fits =
          input.type() == types[i]
              && input.layout() == Layout.ROWS
              && input.rank() == shapes[i].length;
      for (int axis = 0; fits && axis < shapes[i].length; axis++) {
        fits = input.dimension(axis) == shapes[i][axis];
      }
    }
    return fits;
  }
}

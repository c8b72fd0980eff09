// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.function.IntFunction;

/**
 * Panels as arrays [outer, features, inner] that operations on rows can take: all of 32 tokens
 * together, then a last one of 16.
 */
final class PanelParts {

  private PanelParts() {}

  /** Checks an operand of an element-wise operation to y in panels; a part of it. */
  static Tensor operand(Tensor x, Tensor y, IntFunction<Tensor> part, int index) {
    if (x.layout() == Layout.PANELS) {
      Shapes.same("binary", x, y);
      return part.apply(index);
    }
    int features = y.dimension(y.rank() - 1);
    boolean vector =
        x.size() == 1 || (x.size() == features && x.dimension(x.rank() - 1) == features);
    Check.that(vector, "binary: %s to %s, allowed in rows are [%d] or one element", x, y, features);
    return x;
  }

  /** Sizes of the operand against [outer, features, inner]. */
  static int[] sizes(Tensor x, int[] part) {
    return x.layout() == Layout.PANELS ? part : new int[] {x.size(), 1};
  }

  /** One part: outer and inner sizes, and the elements from the first on. */
  interface Body {
    void run(int outer, int inner, IntFunction<Tensor> part);
  }

  /**
   * Calls with each part of tensors that have x's shape in panels.
   *
   * @param tensors what {@code part} takes views of, by index
   */
  static void of(Tensor x, Body body, Tensor... tensors) {
    int features = x.dimension(x.rank() - 1);
    int tokens = x.size() / features;
    int full = (tokens + Layout.PANEL / 2 - 1) / Layout.PANEL; // panels of 32
    int elements = full * Layout.PANEL * features;
    if (full > 0) {
      body.run(full, Layout.PANEL, i -> tensors[i].flat(0, elements));
    }
    int rest = x.flat().size() - elements;
    if (rest > 0) {
      body.run(1, rest / features, i -> tensors[i].flat(elements, rest));
    }
  }
}

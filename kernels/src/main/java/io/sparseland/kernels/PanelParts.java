// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.List;
import java.util.function.IntFunction;

/**
 * Panels as arrays [outer, features, inner] that operations on rows can take: all of 32 tokens
 * together, then a last one of 16.
 */
final class PanelParts {

  private PanelParts() {}

  /** Calls on the parts of operands with y's shape in panels, or one row or element for all. */
  static void binary(KernelSet set, BinaryOp op, Tensor a, Tensor b, Tensor y) {
    int features = y.dimension(y.rank() - 1);
    for (Tensor x : List.of(a, b)) {
      boolean row =
          x.size() == 1 || (x.size() == features && x.dimension(x.rank() - 1) == features);
      Check.that(
          x.layout() == Layout.PANELS || row,
          "binary: %s to %s, allowed in rows are [%d] or one element",
          x,
          y,
          features);
      if (x.layout() == Layout.PANELS) {
        Shapes.same("binary", x, y);
      }
    }
    of(
        y,
        (outer, inner, part) -> {
          int[] sizes = {outer, features, inner};
          Broadcast plan = Broadcast.of(sizes(a, sizes), sizes(b, sizes), sizes);
          set.binary(op, plan, part.apply(0), part.apply(1), part.apply(2));
        },
        a,
        b,
        y);
  }

  /** Sizes of an operand against [outer, features, inner]. */
  private static int[] sizes(Tensor x, int[] part) {
    return x.layout() == Layout.PANELS ? part : new int[] {x.size(), 1};
  }

  /** One part: outer and inner sizes, and the elements from the first on. */
  interface Body {
    void run(int outer, int inner, IntFunction<Tensor> part);
  }

  /**
   * Calls with each part of x; of rows there is one, with an inner size of 1.
   *
   * @param tensors what {@code part} takes views of, by index; those in rows it takes whole
   */
  static void of(Tensor x, Body body, Tensor... tensors) {
    int features = x.dimension(x.rank() - 1);
    int tokens = x.size() / features;
    if (x.layout() == Layout.ROWS) {
      body.run(tokens, 1, i -> tensors[i]);
      return;
    }
    int full = (tokens + Layout.PANEL / 2 - 1) / Layout.PANEL; // panels of 32
    int elements = full * Layout.PANEL * features;
    if (full > 0) {
      body.run(full, Layout.PANEL, i -> part(tensors[i], 0, elements));
    }
    int rest = x.flat().size() - elements;
    if (rest > 0) {
      body.run(1, rest / features, i -> part(tensors[i], elements, rest));
    }
  }

  private static Tensor part(Tensor x, int first, int count) {
    return x.layout() == Layout.PANELS ? x.flat(first, count) : x;
  }
}

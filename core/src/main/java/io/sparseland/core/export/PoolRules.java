// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.PoolShape;
import io.sparseland.kernels.graph.Op;
import java.util.Map;

/** Pooling over windows of one or two spatial dimensions. */
final class PoolRules {

  private PoolRules() {}

  static Map<String, Rule> all() {
    return Map.of(
        "maxPool", Rule.of(call -> pool(call, PoolShape.Kind.MAX, false)),
        "avgPool", Rule.of(call -> pool(call, PoolShape.Kind.AVERAGE, call.flag(4))));
  }

  /** Arguments: kernel, stride (none: the kernel), padding, ceil. */
  private static Operand pool(Call call, PoolShape.Kind kind, boolean countPadding) {
    int[] kernel = window(call.integers(0), 1);
    int[] stride = call.integers(1).length == 0 ? kernel : window(call.integers(1), 1);
    int[] padding = call.integers(2).length == 0 ? new int[2] : window(call.integers(2), 0);
    PoolShape shape =
        new PoolShape(
            kind,
            kernel[0],
            kernel[1],
            stride[0],
            stride[1],
            padding[0],
            padding[1],
            call.flag(3),
            countPadding);
    return ProductRules.Planes.through(call, call.self(), new Op.Pool2d(shape));
  }

  private static int[] window(int[] sizes, int missing) {
    return sizes.length == 1 ? new int[] {missing, sizes[0]} : sizes;
  }
}

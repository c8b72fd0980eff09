// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.CounterRandom;
import io.sparseland.core.Layer;
import io.sparseland.core.UpdateContext;
import java.nio.FloatBuffer;
import java.util.BitSet;

/** The value that a grown weight starts with. Its optimizer slots start at 0 in any case. */
public enum Fresh {
  /** 0: growing does not change what the network computes. */
  ZERO,
  /** {@code N(0, 1) / 10}, as in the code of SET's authors. */
  NORMAL;

  private static final float SCALE = 0.1f;

  void write(UpdateContext context, Layer layer, BitSet fresh) {
    if (this == ZERO || fresh.isEmpty()) {
      return; // 0 already
    }
    CounterRandom random =
        CounterRandom.of(context.seed(), layer.name() + "/fresh", context.step());
    try (NDArray weight = layer.weight()) {
      FloatBuffer values = weight.toByteBuffer(true).asFloatBuffer(); // a live view
      fresh.stream().forEach(i -> values.put(i, SCALE * (float) random.normal(i)));
    }
  }
}

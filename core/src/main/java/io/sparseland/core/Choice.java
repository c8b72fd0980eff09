// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import org.jspecify.annotations.Nullable;

/**
 * How many weights of a layer stay, and how they are arranged.
 *
 * @param pattern of the pruned weights
 * @param within which compete: {@link Scope#ROW} or {@link Scope#LAYER}
 * @param kept weights to keep; rounded up to what pattern and scope allow
 * @param present a mask whose pruned weights stay pruned; null for a dense layer
 */
public record Choice(Pattern pattern, Scope within, long kept, @Nullable Mask present) {

  /** The mask of the lowest scores. */
  public Mask byScore(float[] scores, Geometry geometry) {
    if (present != null) {
      if (kept >= present.kept()) {
        return present;
      }
      present.fillPruned(scores, Float.NEGATIVE_INFINITY);
    }
    return pattern.selectKept(scores, geometry, kept, within);
  }
}

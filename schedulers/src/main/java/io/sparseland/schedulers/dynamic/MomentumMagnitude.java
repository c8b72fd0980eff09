// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import java.util.Set;

/** {@code |v|}, the running mean of a weight's gradients. */
record MomentumMagnitude() implements Criterion {

  /** The scores of a layer. */
  static float[] of(Layer layer, Evidence evidence) {
    return Scores.of(new MomentumMagnitude(), layer, evidence);
  }

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.MOMENTUM);
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return evidence.get(Statistic.MOMENTUM).abs(); // [out, in]
  }
}

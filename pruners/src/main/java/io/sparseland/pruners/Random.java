// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * One number of U(0, 1) a weight: the floor that every method has to beat, the first masks of
 * sparse-to-sparse training, and random growth. Counts stay exact; nothing is drawn by Bernoulli
 * trials.
 */
public record Random() implements Criterion {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.UNIFORM);
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return evidence.get(Statistic.UNIFORM); // [out, in]
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Statistic;
import java.util.Set;

/** At random, but those first that were never kept so far: {@code U(0, 1) - ever active}. */
record Unfired() implements Criterion {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.UNIFORM, Statistic.EVER_ACTIVE);
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return evidence.get(Statistic.UNIFORM).sub(evidence.get(Statistic.EVER_ACTIVE)); // [out, in]
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * The absolute gradient, {@code S = |dL/dW|}, also where a weight is pruned: where growing one
 * lowers the loss fastest.
 *
 * @see <a href="https://arxiv.org/abs/1911.11134">Evci et al. 2020, "Rigging the lottery"</a>
 */
public record GradientMagnitude() implements Criterion {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.GRADIENT);
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return evidence.get(Statistic.GRADIENT).abs(); // [out, in]
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Scope;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * How much the loss depends on a weight being there: {@code S = |W · dL/dW|}, gradients added up
 * before the absolute value, compared over all layers; for networks that are not yet trained. The
 * authors' division by the total is left out: it changes no comparison. With {@code rounds} it is
 * the iterative form.
 *
 * @see <a href="https://arxiv.org/abs/1810.02340">Lee et al. 2019, "SNIP: single-shot network
 *     pruning based on connection sensitivity", eq. 5</a>
 */
public record Snip() implements Criterion {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.GRADIENT);
  }

  @Override
  public Scope comparedWithin() {
    return Scope.GLOBAL;
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return layer.weight().mul(evidence.get(Statistic.GRADIENT)).abs(); // [out, in]
  }
}

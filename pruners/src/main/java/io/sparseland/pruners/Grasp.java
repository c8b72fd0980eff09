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
 * Keeps the gradient flow: {@code S = W · (H g)}, lowest first, compared over all layers. Removing
 * a weight with a negative score lets the gradient grow. Predictions are divided by 200 before the
 * loss, as the authors do.
 *
 * @see <a href="https://arxiv.org/abs/2002.07376">Wang et al. 2020, "Picking winning tickets before
 *     training by preserving gradient flow", eq. 8</a>
 */
public record Grasp() implements Criterion {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.HESSIAN_GRADIENT);
  }

  @Override
  public Scope comparedWithin() {
    return Scope.GLOBAL;
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return layer.weight().mul(evidence.get(Statistic.HESSIAN_GRADIENT)); // [out, in]
  }
}

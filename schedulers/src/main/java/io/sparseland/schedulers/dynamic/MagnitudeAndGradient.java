// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * {@code |w| + factor · |g|}: a small weight that is still learning stays.
 *
 * @param factor of the gradient, 0 or more; 0 reads none
 */
record MagnitudeAndGradient(double factor) implements Criterion {

  MagnitudeAndGradient {
    Check.that(factor >= 0 && factor <= 1e6, "gradient is %s, allowed: 0 or more", factor);
  }

  @Override
  public Set<Statistic> needs() {
    return factor == 0 ? Set.of() : Set.of(Statistic.GRADIENT);
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    NDArray magnitude = layer.weight().abs();
    return factor == 0
        ? magnitude
        : magnitude.add(evidence.get(Statistic.GRADIENT).abs().mul((float) factor)); // [out, in]
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * How much the loss would change to first order if a weight were removed: {@code S = |W · dL/dW|},
 * with the mean gradient over the calibration batches.
 *
 * @see <a href="https://arxiv.org/abs/1611.06440">Molchanov et al. 2017, "Pruning convolutional
 *     neural networks for resource efficient inference", eq. 7, weight by weight</a>
 */
public record Saliency() implements Criterion {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.GRADIENT);
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return layer.weight().mul(evidence.get(Statistic.GRADIENT)).abs(); // [out, in]
  }
}

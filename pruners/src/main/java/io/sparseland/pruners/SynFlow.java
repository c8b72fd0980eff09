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
 * Synaptic flow without data: {@code S = |W dR/dW|} with R the sum of outputs of the network of
 * absolute values on ones, compared over all layers. Meant for many {@code rounds} with an
 * exponential ramp, 100 in the paper: then no layer is emptied before the whole is.
 *
 * @see <a href="https://arxiv.org/abs/2006.05467">Tanaka et al. 2020, "Pruning neural networks
 *     without any data by iteratively conserving synaptic flow", alg. 1</a>
 */
public record SynFlow() implements Criterion {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.SYNAPTIC_FLOW);
  }

  @Override
  public Scope comparedWithin() {
    return Scope.GLOBAL;
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return evidence.get(Statistic.SYNAPTIC_FLOW); // [out, in]
  }
}

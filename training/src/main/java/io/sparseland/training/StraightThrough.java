// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.WeightView;

/**
 * The forward pass sees {@code w * m}, the stored weight gets the dense gradient: {@code dL/dw =
 * dL/d(w * m)}, also where {@code m = 0}.
 *
 * <p>Computed as {@code w + stopGradient(w * m - w)}.
 *
 * @see <a href="https://arxiv.org/abs/1308.3432">Bengio et al. 2013, "Estimating or Propagating
 *     Gradients Through Stochastic Neurons", section 4</a>
 */
public record StraightThrough() implements WeightView {

  @Override
  public NDArray effective(NDArray stored, NDArray mask) {
    return stored.add(stored.mul(mask).sub(stored).stopGradient());
  }

  @Override
  public NDArray merge(NDArray stored, NDArray mask) {
    return stored.mul(mask);
  }
}

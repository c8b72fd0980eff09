// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.WeightView;

/**
 * The forward pass sees {@code w * m}, and the chain rule gives {@code dL/dw = m * dL/d(w * m)}.
 */
public record MaskedView() implements WeightView {

  @Override
  public NDArray effective(NDArray stored, NDArray mask) {
    return stored.mul(mask);
  }

  @Override
  public NDArray merge(NDArray stored, NDArray mask) {
    return stored.mul(mask);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;

/**
 * The absolute value of a weight: {@code S = |W|}.
 *
 * <p>The baseline of everything; needs no data.
 *
 * @see <a href="https://arxiv.org/abs/1506.02626">Han et al. 2015, "Learning both weights and
 *     connections for efficient neural networks"</a>
 */
public record Magnitude() implements Criterion {

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return layer.weight().abs(); // [out, in]
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Scope;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * Weight magnitude times the root mean square of the input it multiplies.
 *
 * <p>{@code S[o][i] = |W[o][i]| · rms(X[:, i])}, compared within each output row; the paper's norm
 * divided by a constant, so that scores of layers can be compared. A small weight on a loud input
 * survives a larger weight on a quiet one. Cost: one sum of squares per input column.
 *
 * @see <a href="https://arxiv.org/abs/2306.11695">Sun et al. 2023, "A Simple and Effective Pruning
 *     Approach for Large Language Models", eq. 1</a>
 */
public record Wanda() implements Criterion {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.INPUT_MEAN_SQUARE);
  }

  @Override
  public Scope comparedWithin() {
    return Scope.ROW;
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    Geometry g = layer.geometry();
    NDArray rms = evidence.get(Statistic.INPUT_MEAN_SQUARE).sqrt(); // [in] or [groups, in]
    return layer
        .weight()
        .abs()
        .reshape(g.groups(), g.out() / g.groups(), g.in())
        .mul(rms.reshape(g.groups(), 1, g.in())) // broadcast over the rows of a group
        .reshape(g.out(), g.in());
  }
}

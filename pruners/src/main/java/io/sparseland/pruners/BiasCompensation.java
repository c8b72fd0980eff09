// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.Solution;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * Puts the mean of what was lost back as a bias: {@code b += (W - W') mean(x)}, so that the mean
 * output on the calibration data is what it was. The layer must have a bias.
 *
 * @see <a href="https://arxiv.org/abs/2312.11983">An et al. 2024, "Fluctuation-based adaptive
 *     structured pruning", eq. 4</a>
 */
public record BiasCompensation() implements Reconstruction {

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.INPUT_MEAN);
  }

  @Override
  public Solution rebuild(Layer layer, Solution found, Evidence evidence) {
    Geometry g = layer.geometry();
    NDArray lost = layer.weight().toType(DataType.FLOAT64, false).sub(found.masked());
    NDArray mean = evidence.get(Statistic.INPUT_MEAN).reshape(g.groups(), 1, g.in());
    NDArray change =
        lost.reshape(g.groups(), g.out() / g.groups(), g.in()).mul(mean).sum(new int[] {2});
    return found.withBias(change.reshape(g.out()));
  }
}

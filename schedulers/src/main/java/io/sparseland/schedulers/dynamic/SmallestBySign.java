// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Layer;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.core.UpdateContext;
import java.util.BitSet;
import java.util.Set;

/**
 * The same share of the smallest positive and of the largest negative kept weights, as in SET.
 *
 * @param fraction of either, rounded down
 */
record SmallestBySign(Schedule fraction) implements Drop {

  @Override
  public Set<Statistic> needs() {
    return Set.of();
  }

  @Override
  public boolean at(long step) {
    return fraction.at(step) > 0;
  }

  @Override
  public BitSet of(UpdateContext context, Layer layer) {
    return Topology.dropBySign(
        context.mask(layer), Scores.weights(layer), fraction.at(context.step()));
  }
}

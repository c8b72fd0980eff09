// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.core.UpdateContext;
import java.util.BitSet;
import java.util.Set;

/**
 * A share of each layer's kept weights, those with the lowest scores.
 *
 * @param criterion lowest go
 * @param fraction share of the kept weights; 0 means no update
 * @param rounding of their number
 * @param sparingRows whether each output keeps its best weight, so that none is cut off
 */
record LowestScores(Criterion criterion, Schedule fraction, Rounding rounding, boolean sparingRows)
    implements Drop {

  @Override
  public Set<Statistic> needs() {
    return criterion.needs();
  }

  @Override
  public boolean at(long step) {
    return fraction.at(step) > 0;
  }

  @Override
  public BitSet of(UpdateContext context, Layer layer) {
    Mask mask = context.mask(layer);
    long count = Topology.count(mask, fraction.at(context.step()), rounding);
    if (count == 0) {
      return new BitSet();
    }
    float[] scores = Scores.of(criterion, layer, context.evidence(layer));
    return sparingRows
        ? Topology.dropSparingRows(mask, scores, count)
        : Topology.drop(mask, scores, count);
  }
}

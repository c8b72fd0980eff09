// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scores;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.Random;
import java.util.BitSet;
import java.util.Set;

/**
 * SNFS, sparse networks from scratch: drop the smallest weights of each layer, grow where momentum
 * is largest, more of them in layers whose kept weights have more momentum on average.
 *
 * <p>Momentum stays dense: the gradient of pruned weights is needed in every step. A layer of
 * density above 0.8 and with more than its share of momentum drops at most the share {@code 1 -
 * density}.
 *
 * @param drop share of the kept weights to exchange, rounded up; a cosine from 0.5 to the floor
 *     0.005 in the paper
 * @param when updates happen; after every epoch in the paper
 * @see <a href="https://arxiv.org/abs/1907.04840">Dettmers and Zettlemoyer 2019, "Sparse networks
 *     from scratch"</a>
 */
public record SparseMomentum(Schedule drop, Trigger when) implements SparsityMethod {

  @Override
  public Criterion initial() {
    return new Random();
  }

  @Override
  public Updater updater() {
    return new DropGrow(new SparingDense(drop), new MomentumMagnitude(), when)
        .allowingReturn()
        .reallocating(new Reallocation.ByMomentum());
  }

  private record SparingDense(Schedule fraction) implements Drop {

    private static final double DENSE = 0.8;

    @Override
    public Set<Statistic> needs() {
      return Set.of(Statistic.MOMENTUM);
    }

    @Override
    public boolean at(long step) {
      return fraction.at(step) > 0;
    }

    @Override
    public BitSet of(UpdateContext context, Layer layer) {
      Mask mask = context.mask(layer);
      double share = fraction.at(context.step());
      if (mask.sparsity() < 1 - DENSE && aboveAverage(context, layer)) {
        share = Math.min(mask.sparsity(), share);
      }
      return Topology.drop(
          mask,
          Scores.of(new Magnitude(), layer, context.evidence(layer)),
          Topology.count(mask, share, Rounding.UP));
    }

    private static boolean aboveAverage(UpdateContext context, Layer layer) {
      double[] shares = Reallocation.ByMomentum.shares(context, context.layers());
      return shares[context.layers().indexOf(layer)] > 1.0 / shares.length;
    }
  }
}

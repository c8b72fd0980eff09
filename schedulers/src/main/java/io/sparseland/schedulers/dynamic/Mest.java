// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
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
import io.sparseland.pruners.Random;
import java.util.BitSet;
import java.util.Set;

/**
 * MEST: drop by {@code |w| + gradient · |g|}, grow at random; no gradient of a pruned weight is
 * ever used.
 *
 * <p>Elastic mutation drops and grows in one update. Grow first (soft mutation) takes turns: one
 * update adds weights, the next prunes back to the target, so that newcomers are judged after
 * training; the last update never adds. The bounds of the paper are shares here: from sparsity 0.9
 * down to 0.92 and back is {@code drop} 0.2, up to 0.85 and back is 0.5.
 *
 * @param drop share of the kept weights to exchange, or to add; falls in steps in the paper
 * @param when updates happen; must end if it grows first
 * @param gradient weight of the gradient; 0 in the authors' code
 * @param growFirst whether updates take turns
 * @see <a href="https://arxiv.org/abs/2110.14032">Yuan et al. 2021, "MEST: Accurate and Fast
 *     Memory-Economic Sparse Training Framework on the Edge"</a>
 */
public record Mest(Schedule drop, Trigger when, double gradient, boolean growFirst)
    implements SparsityMethod {

  /** Checks that growing first ends. */
  public Mest {
    Check.that(gradient >= 0 && gradient <= 1e6, "gradient is %s, allowed: 0 or more", gradient);
    Check.that(
        !growFirst || when.bounded(),
        "growing first needs an end: Trigger.every(%d).until(...)",
        when.every());
  }

  @Override
  public Criterion initial() {
    return new Random();
  }

  @Override
  public Updater updater() {
    Criterion score = new MagnitudeAndGradient(gradient);
    return growFirst
        ? new Turns(score, drop, when)
        : new DropGrow(new LowestScores(score, drop, Rounding.DOWN, false), new Random(), when);
  }

  /** Adds, then prunes back, by turns; which turn it is shows in the number of kept weights. */
  private record Turns(Criterion score, Schedule extra, Trigger when) implements Updater {

    @Override
    public Moment moment() {
      return Moment.AFTER_STEP;
    }

    @Override
    public boolean due(long step) {
      return when.due(step);
    }

    @Override
    public Set<Statistic> needs() {
      return score.needs();
    }

    @Override
    public boolean readsPrunedGradients() {
      return false;
    }

    @Override
    public void update(UpdateContext context) {
      for (Layer layer : context.layers()) {
        Mask mask = context.mask(layer);
        String key = "target of " + layer.name();
        Double target = context.memory().remove(key);
        if (target != null) {
          float[] scores = Scores.of(score, layer, context.evidence(layer));
          BitSet surplus = Topology.drop(mask, scores, mask.kept() - target.longValue());
          context.replace(layer, Topology.grow(mask, surplus, scores, 0, false).mask());
        } else if (context.step() < when.last()) {
          long amount = Topology.count(mask, extra.at(context.step()));
          if (amount > 0) {
            float[] growth = Scores.of(new Random(), layer, context.evidence(layer));
            context.memory().put(key, (double) mask.kept());
            context.replace(layer, Topology.grow(mask, new BitSet(), growth, amount, false).mask());
          }
        }
      }
    }
  }
}

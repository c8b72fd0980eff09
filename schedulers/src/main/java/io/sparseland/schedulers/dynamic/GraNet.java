// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.pruners.GradientMagnitude;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.Random;
import io.sparseland.schedulers.Cubic;
import java.util.Set;

/**
 * GraNet, gradual pruning with regeneration: prune by magnitude along a cubic ramp, then in each
 * layer drop {@code ceil(drop · kept)} more and grow as many where the gradient is largest.
 * Regeneration goes on when the ramp has ended.
 *
 * @param from sparsity at the start, 0 to 1; 0.5 or 0 in the paper
 * @param drop share of the kept weights to regenerate; a cosine from 0.5 to the floor 0.005 in the
 *     paper
 * @param when updates happen; the ramp begins with the first
 * @param prunedBy step at which the target is reached; about two thirds of the training in the
 *     paper
 * @see <a href="https://arxiv.org/abs/2106.10404">Liu et al. 2021, "Sparse Training via Boosting
 *     Pruning Plasticity with Neuroregeneration", alg. 1</a>
 */
public record GraNet(double from, Schedule drop, Trigger when, long prunedBy)
    implements SparsityMethod {

  /** Checks that the ramp ends at an update. */
  public GraNet {
    Check.fraction("from", from);
    Check.that(
        prunedBy > when.begin() && prunedBy <= when.last(),
        "the ramp ends at step %d, allowed: after the first update (%d), not after the last (%d)",
        prunedBy,
        when.begin(),
        when.last());
  }

  @Override
  public Criterion initial() {
    return new Random();
  }

  @Override
  public Schedule sparsity(double target) {
    Check.that(from <= target, "GraNet starts at sparsity %s, above its target %s", from, target);
    return new Cubic(from, target, when.begin(), prunedBy);
  }

  @Override
  public Updater updater() {
    return new PruneAndRegenerate(
        new GradualPrune(new Magnitude(), when),
        new DropGrow(
                new LowestScores(new Magnitude(), drop, Rounding.UP, false),
                new GradientMagnitude(),
                when)
            .allowingReturn());
  }

  private record PruneAndRegenerate(Updater prune, Updater regenerate) implements Updater {

    @Override
    public Moment moment() {
      return Moment.AFTER_STEP;
    }

    @Override
    public boolean due(long step) {
      return prune.due(step);
    }

    @Override
    public Set<Statistic> needs() {
      return regenerate.needs();
    }

    @Override
    public void update(UpdateContext context) {
      prune.update(context);
      if (regenerate.due(context.step())) {
        regenerate.update(context);
      }
    }
  }
}

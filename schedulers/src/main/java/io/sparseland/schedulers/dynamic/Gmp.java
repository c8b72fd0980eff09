// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Magnitude;
import io.sparseland.schedulers.Ramp;

/**
 * Gradual pruning: raise the sparsity along a ramp while training, by magnitude unless said.
 *
 * <p>The ramp runs from the first update to the last, so that the target is reached exactly.
 *
 * @param from sparsity before the first update, 0 to 1; 0 in the paper
 * @param ramp cubic in the paper
 * @param when updates happen; must end, and should leave a quarter of the training for recovery
 * @param criterion lowest go
 * @see <a href="https://arxiv.org/abs/1710.01878">Zhu and Gupta 2017, "To prune, or not to
 *     prune"</a>
 */
public record Gmp(double from, Ramp ramp, Trigger when, Criterion criterion)
    implements SparsityMethod {

  /** Checks that the ramp ends. */
  public Gmp {
    Check.fraction("from", from);
    Check.that(
        when.bounded(), "gradual pruning needs an end: Trigger.every(%d).until(...)", when.every());
  }

  /** From dense, cubic, by magnitude. */
  public Gmp(Trigger when) {
    this(0, Ramp.Plain.CUBIC, when, new Magnitude());
  }

  @Override
  public Criterion initial() {
    return new Magnitude();
  }

  @Override
  public Schedule sparsity(double target) {
    Check.that(
        from <= target, "gradual pruning starts at sparsity %s, above its target %s", from, target);
    return ramp.schedule(from, target, when.begin(), when.last());
  }

  @Override
  public Updater updater() {
    return new GradualPrune(criterion, when);
  }
}

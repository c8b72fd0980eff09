// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Mask;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Magnitude;

/**
 * AC/DC: sparse and dense phases in turns, dense at first, sparse in the end. A sparse phase prunes
 * by magnitude in one shot and holds its mask; a dense one drops it: pruned weights start again at
 * 0, and all optimizer slots are emptied.
 *
 * @param begin end of the dense warm-up, first step of the first sparse phase
 * @param every steps of each phase between
 * @param until begin of the last dense phase
 * @param end begin of the last sparse phase
 * @see <a href="https://arxiv.org/abs/2106.12379">Peste et al. 2021, "AC/DC: Alternating
 *     Compressed/DeCompressed Training of Deep Neural Networks", alg. 1</a>
 */
public record AcDc(long begin, long every, long until, long end) implements SparsityMethod {

  /** Checks the order. */
  public AcDc {
    Check.that(every >= 1, "every is %d steps, allowed: 1 or more", every);
    Check.that(
        begin >= 1 && begin < until && until < end,
        "begin, until and end are steps %d, %d and %d, allowed: 1 <= begin < until < end",
        begin,
        until,
        end);
  }

  /** Whether a step is in a sparse phase. */
  public boolean sparse(long step) {
    if (step < begin || (step >= until && step < end)) {
      return false;
    }
    return step >= end || (step - begin) / every % 2 == 0;
  }

  /** The phases of a training of so many units: {@code D0-10 S10-15 ... S85-100}. */
  public String plan(long steps) {
    StringBuilder text = new StringBuilder();
    long from = 0;
    for (long step = 1; step <= steps; step++) {
      if (step == steps || sparse(step) != sparse(from)) {
        text.append(text.length() == 0 ? "" : " ");
        text.append(sparse(from) ? 'S' : 'D').append(from).append('-').append(step);
        from = step;
      }
    }
    return text.toString();
  }

  @Override
  public Criterion initial() {
    return new Magnitude();
  }

  @Override
  public Schedule sparsity(double target) {
    return step -> sparse(step) ? target : 0;
  }

  @Override
  public Updater updater() {
    return new Alternate(this);
  }

  private record Alternate(AcDc method) implements Updater {

    @Override
    public Moment moment() {
      return Moment.AFTER_STEP;
    }

    @Override
    public boolean due(long step) {
      return step > 0 && method.sparse(step) != method.sparse(step - 1);
    }

    @Override
    public void update(UpdateContext context) {
      if (method.sparse(context.step())) {
        double sparsity = context.sparsity().at(context.step());
        Refresh.choose(context, new Magnitude(), sparsity).forEach(context::replace);
      } else {
        context.layers().forEach(l -> context.replace(l, Mask.all(l.geometry())));
        context.resetSlots();
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/** A factor of an optimizer's rate over the steps of one training, 1 at its highest. */
public sealed interface RateSchedule extends Schedule {

  /** The rate itself. */
  record Constant() implements RateSchedule {
    @Override
    public double at(long step) {
      return 1;
    }
  }

  /**
   * Up from 0 over the warm-up, then straight down to 0; LLR of Zimmer et al. where a pruned
   * network is retrained, with a tenth as warm-up.
   *
   * @param warmUp steps
   * @param end first step at 0
   */
  record Linear(long warmUp, long end) implements RateSchedule {
    /** Checks the order. */
    public Linear {
      check(warmUp, end);
    }

    @Override
    public double at(long step) {
      return step < warmUp ? (step + 1.0) / warmUp : 1 - passed(step, warmUp, end);
    }
  }

  /**
   * Up from 0 over the warm-up, then down along half a cosine.
   *
   * @param warmUp steps
   * @param floor factor from {@code end} on, 0 to 1
   * @param end first step at {@code floor}
   */
  record Cosine(long warmUp, double floor, long end) implements RateSchedule {
    /** Checks the numbers. */
    public Cosine {
      check(warmUp, end);
      Check.fraction("floor", floor);
    }

    @Override
    public double at(long step) {
      return step < warmUp
          ? (step + 1.0) / warmUp
          : floor + (1 - floor) / 2 * (1 + Math.cos(Math.PI * passed(step, warmUp, end)));
    }
  }

  /**
   * {@code factor^floor(step / every)}.
   *
   * @param factor above 0, at most 1
   * @param every steps
   */
  record Drops(double factor, long every) implements RateSchedule {
    /** Checks the numbers. */
    public Drops {
      Check.that(factor > 0 && factor <= 1, "factor is %s, allowed: above 0, at most 1", factor);
      Check.that(every >= 1, "every is %d steps, allowed: 1 or more", every);
    }

    @Override
    public double at(long step) {
      long drops = step / every;
      return Math.pow(factor, (double) drops);
    }
  }

  /**
   * The top of ALLR's linear decay, as a share of the highest rate: {@code clip(d / sqrt(s), low,
   * 1)}.
   *
   * @param removed d: norm of what a pruning took away over the norm of all weights before it
   * @param share s: part of the weights that were there which it took away, above 0
   * @param low retraining length over training length, at most 1 counts
   * @see <a href="https://arxiv.org/abs/2111.00843">Zimmer et al. 2021, "How I Learned to Stop
   *     Worrying and Love Retraining", section 3</a>
   */
  static double adaptive(double removed, double share, double low) {
    Check.that(share > 0 && share <= 1, "share is %s, allowed: above 0, at most 1", share);
    return Math.max(Math.min(low, 1), Math.min(1, removed / Math.sqrt(share)));
  }

  private static void check(long warmUp, long end) {
    Check.that(
        warmUp >= 0 && warmUp < end,
        "warm_up is %d and end step %d, allowed: 0 <= warm_up < end",
        warmUp,
        end);
  }

  private static double passed(long step, long begin, long end) {
    return Math.min(1, (step - begin) / (double) (end - begin));
  }
}

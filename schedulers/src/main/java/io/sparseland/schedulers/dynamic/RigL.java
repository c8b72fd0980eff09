// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.pruners.GradientMagnitude;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.Random;

/**
 * Drop the smallest kept weights, grow where the dense gradient is largest, in place of the
 * optimizer step.
 *
 * @param drop share of the kept weights to exchange; 0.3 falling as a cosine in the paper
 * @param when updates happen; every 100 steps up to three quarters of the training in the paper
 * @param strict whether a weight dropped in an update is barred from growing in it; not in the
 *     paper
 * @param batches whose mean gradient decides; 1 in the paper
 * @see <a href="https://arxiv.org/abs/1911.11134">Evci et al. 2020, "Rigging the lottery", alg.
 *     1</a>
 */
public record RigL(Schedule drop, Trigger when, boolean strict, int batches)
    implements SparsityMethod {

  /** Checks the number. */
  public RigL {
    Check.that(batches >= 1, "batches is %d, allowed: 1 or more", batches);
  }

  /** As in the paper: what was dropped may return. */
  public RigL(Schedule drop, Trigger when) {
    this(drop, when, false, 1);
  }

  /** Of the last batch alone. */
  public RigL(Schedule drop, Trigger when, boolean strict) {
    this(drop, when, strict, 1);
  }

  @Override
  public Criterion initial() {
    return new Random();
  }

  @Override
  public Updater updater() {
    DropGrow update =
        new DropGrow(new Magnitude(), new GradientMagnitude(), drop, when)
            .overBatches(batches)
            .replacingOptimizerStep();
    return strict ? update : update.allowingReturn();
  }
}

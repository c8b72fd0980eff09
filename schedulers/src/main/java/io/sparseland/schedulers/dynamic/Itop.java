// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Criterion;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.pruners.GradientMagnitude;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.Random;

/**
 * ITOP, in-time over-parametrisation: SET or RigL with updates so far apart that fresh weights grow
 * before they are judged, up to the last step. What counts is the share of weights that were ever
 * kept, {@code R_s = |union of all masks| / n}, which every report of training tells.
 *
 * <p>Updates follow the optimizer step, with the gradient of its batch; {@code ceil(drop · kept)}
 * weights are exchanged.
 *
 * @param drop share of the kept weights to exchange; a cosine from 0.5 to the floor 0.005 in the
 *     paper
 * @param when updates happen; every 1,500 (SET) or 4,000 (RigL) steps in the paper
 * @param grow where
 * @see <a href="https://arxiv.org/abs/2102.02887">Liu et al. 2021, "Do We Actually Need Dense
 *     Over-Parameterization?"</a>
 */
public record Itop(Schedule drop, Trigger when, Growth grow) implements SparsityMethod {

  /** Where new weights are grown. */
  public enum Growth {
    /** Where the gradient is largest, as RigL. */
    GRADIENT,
    /** At random, as SET. */
    RANDOM,
    /** At random among weights that were never kept, as long as there are any. */
    UNFIRED
  }

  @Override
  public Criterion initial() {
    return new Random();
  }

  @Override
  public Updater updater() {
    Criterion score =
        switch (grow) {
          case GRADIENT -> new GradientMagnitude();
          case RANDOM -> new Random();
          case UNFIRED -> new Unfired();
        };
    return new DropGrow(new LowestScores(new Magnitude(), drop, Rounding.UP, false), score, when)
        .allowingReturn();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Criterion;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.Random;

/**
 * SET, sparse evolutionary training: drop the smallest kept weights, grow at random places; no
 * dense gradient is ever used.
 *
 * @param drop share of the kept weights to exchange; 0.3 throughout in the paper
 * @param when updates happen; after every epoch in the paper
 * @param bySign whether the smallest positive and the largest negative weights go, each by the
 *     share, as in the paper; else the smallest by magnitude
 * @param fresh what grown weights start with; the authors' sparse code draws them
 * @see <a href="https://arxiv.org/abs/1707.04780">Mocanu et al. 2018, "Scalable training of
 *     artificial neural networks with adaptive sparse connectivity", alg. 2</a>
 */
public record SparseEvolution(Schedule drop, Trigger when, boolean bySign, Fresh fresh)
    implements SparsityMethod {

  /** Drops by magnitude, as is common now. */
  public SparseEvolution(Schedule drop, Trigger when) {
    this(drop, when, false, Fresh.ZERO);
  }

  /** Fresh weights start at 0. */
  public SparseEvolution(Schedule drop, Trigger when, boolean bySign) {
    this(drop, when, bySign, Fresh.ZERO);
  }

  @Override
  public Criterion initial() {
    return new Random();
  }

  @Override
  public Updater updater() {
    Drop out =
        bySign
            ? new SmallestBySign(drop)
            : new LowestScores(new Magnitude(), drop, Rounding.DOWN, false);
    return new DropGrow(out, new Random(), when).allowingReturn().starting(fresh);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scope;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.pruners.GradientMagnitude;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.Random;
import java.util.Set;

/**
 * DSL, dynamic sparse learning of embedding tables: ITOP's settings on user and item tables, with a
 * constant budget for each table. Select them with {@code on: {types: [embedding]}}.
 *
 * <p>A batch touches few rows and only these have gradients, so growth looks at the mean gradient
 * of several batches. Every row starts with the same number of weights and keeps at least one: a
 * user or item is never cut off.
 *
 * @param drop share of the kept weights to exchange, rounded up; a cosine from 0.5 to the floor
 *     0.005 in the paper
 * @param when updates happen; every 100 to 3,000 steps in the paper
 * @param batches whose mean gradient decides, 1 or more
 * @see <a href="https://arxiv.org/abs/2402.02855">Wang et al. 2024, "Dynamic Sparse Learning: A
 *     Novel Paradigm for Efficient Recommendation"</a>
 */
public record SparseEmbedding(Schedule drop, Trigger when, int batches) implements SparsityMethod {

  /** Checks the number. */
  public SparseEmbedding {
    Check.that(batches >= 1, "batches is %d, allowed: 1 or more", batches);
  }

  @Override
  public Criterion initial() {
    return new RandomByRow();
  }

  @Override
  public Updater updater() {
    return new DropGrow(
            new LowestScores(new Magnitude(), drop, Rounding.UP, true),
            new GradientMagnitude(),
            when)
        .allowingReturn()
        .overBatches(batches);
  }

  private record RandomByRow() implements Criterion {

    @Override
    public Set<Statistic> needs() {
      return Set.of(Statistic.UNIFORM);
    }

    @Override
    public Scope comparedWithin() {
      return Scope.ROW;
    }

    @Override
    public NDArray score(Layer layer, Evidence evidence) {
      return new Random().score(layer, evidence);
    }
  }
}

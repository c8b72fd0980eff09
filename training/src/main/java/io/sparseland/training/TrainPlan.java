// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import io.sparseland.core.Check;
import java.util.List;

/**
 * How to train.
 *
 * @param optimizer which optimizer, with its settings
 * @param epochs passes over the data, 1 or more
 * @param batch examples per step, 1 or more; the last batch of an epoch may be shorter
 * @param seed of initial weights, order of examples and dropout
 * @param sparsity what is kept sparse, on disjoint layers; empty trains densely
 * @param stepping how a step is made
 */
public record TrainPlan(
    OptimizerSettings optimizer,
    int epochs,
    int batch,
    long seed,
    List<Sparsity> sparsity,
    Stepping stepping) {

  /** Plain steps. */
  public TrainPlan(
      OptimizerSettings optimizer, int epochs, int batch, long seed, List<Sparsity> sparsity) {
    this(optimizer, epochs, batch, seed, sparsity, Stepping.plain());
  }

  /** Checks the numbers and copies the list. */
  public TrainPlan {
    Check.that(epochs >= 1, "epochs is %d, allowed: 1 or more", epochs);
    Check.that(batch >= 1, "batch is %d, allowed: 1 or more", batch);
    sparsity = List.copyOf(sparsity);
  }

  /** Steps of the whole run on so many examples. */
  public long steps(int examples) {
    return epochs * stepsPerEpoch(examples, batch);
  }

  /** Steps of one epoch; the last short batch counts. */
  public static long stepsPerEpoch(int examples, int batch) {
    Check.that(examples >= 1, "%d examples, allowed: 1 or more", examples);
    Check.that(batch >= 1, "batch is %d, allowed: 1 or more", batch);
    return (examples + batch - 1L) / batch;
  }
}

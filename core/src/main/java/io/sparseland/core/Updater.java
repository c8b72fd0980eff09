// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Set;

/**
 * Changes masks during training; nothing else does. Without a state of its own: everything it needs
 * comes with the {@link UpdateContext}, so training can stop and resume anywhere.
 */
public interface Updater {

  /** Where in a training iteration an update happens. */
  enum Moment {
    /** After the backward pass, while gradients are alive, before the optimizer. */
    AFTER_BACKWARD,
    /** After the optimizer step. */
    AFTER_STEP
  }

  /** Where an update happens. */
  Moment moment();

  /**
   * Whether there is an update at this step.
   *
   * @param step batches completed: the batch at hand does not count after its backward pass, and
   *     counts after its step; so every 100 steps means after 100 batches either way
   */
  boolean due(long step);

  /** Whether the optimizer leaves out its step where there is an update. */
  default boolean insteadOfOptimizerStep() {
    return false;
  }

  /** Statistics read from {@link UpdateContext#evidence}. */
  default Set<Statistic> needs() {
    return Set.of();
  }

  /**
   * Batches whose mean gradient is {@link Statistic#GRADIENT}: the last one before the update
   * alone, or several.
   */
  default int gradientBatches() {
    return 1;
  }

  /** Whether it reads gradients of pruned weights, which sparse training must compute extra. */
  default boolean readsPrunedGradients() {
    return needs().contains(Statistic.GRADIENT) || needs().contains(Statistic.MOMENTUM);
  }

  /** Whether the optimizer slots of pruned weights are left alone instead of emptied. */
  default boolean keepsSlots() {
    return false;
  }

  /** Changes masks through {@link UpdateContext#replace}. The caller opens an NDScope around it. */
  void update(UpdateContext context);
}

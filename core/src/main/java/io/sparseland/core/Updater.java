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

  /** Changes masks through {@link UpdateContext#replace}. The caller opens an NDScope around it. */
  void update(UpdateContext context);
}

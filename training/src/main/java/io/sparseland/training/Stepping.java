// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;
import java.util.Optional;

/**
 * How an optimizer step is made.
 *
 * @param accumulate pieces that a batch is cut into, one after another through the network; the
 *     gradient is that of the whole batch (but for batch norms, which see a piece)
 * @param clip what is done to large gradients
 * @param rate factor of the optimizer's rate over the steps
 */
public record Stepping(int accumulate, Optional<Clip> clip, Schedule rate) {

  /** Checks the number. */
  public Stepping {
    Check.that(accumulate >= 1, "accumulate is %d, allowed: 1 or more", accumulate);
  }

  /** The batch as a whole, nothing clipped, the same rate throughout. */
  public static Stepping plain() {
    return new Stepping(1, Optional.empty(), step -> 1);
  }

  /** With another course of the rate. */
  public Stepping with(Schedule other) {
    return new Stepping(accumulate, clip, other);
  }

  /** With gradients clipped. */
  public Stepping with(Clip other) {
    return new Stepping(accumulate, Optional.of(other), rate);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * {@code from · rate(step) / rate(0)}: a drop fraction that falls with the learning rate.
 *
 * @param from value at step 0, 0 to 1
 * @param rate the learning rate over time, above 0 at step 0; its scale does not matter
 */
public record RateCoupled(double from, Schedule rate) implements Schedule {

  /** Checks both. */
  public RateCoupled {
    Check.fraction("from", from);
    Check.that(rate.at(0) > 0, "the rate is %s at step 0, allowed: above 0", rate.at(0));
  }

  @Override
  public double at(long step) {
    return Math.min(1, from * rate.at(step) / rate.at(0));
  }
}

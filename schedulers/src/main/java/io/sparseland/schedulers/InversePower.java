// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * {@code from (1 - step / end)^power}, 0 from {@code end} on: a drop fraction; RigL's code calls
 * power 3 exponential.
 *
 * @param from value at step 0, 0 to 1
 * @param power above 0; 1 is linear
 * @param end first step at 0, 1 or more
 */
public record InversePower(double from, double power, long end) implements Schedule {

  /** Checks the settings. */
  public InversePower {
    Check.fraction("from", from);
    Check.that(power > 0 && power <= 100, "power is %s, allowed: above 0 to 100", power);
    Check.that(end >= 1, "end is step %d, allowed: 1 or more", end);
  }

  @Override
  public double at(long step) {
    return from * Math.pow(1 - Ramps.done(step, 0, end), power);
  }
}

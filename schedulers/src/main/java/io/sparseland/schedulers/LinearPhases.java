// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Schedule;

/**
 * {@code from + (to - from) j / phases} after phase {@code j} of {@code phases}.
 *
 * @param from value during the first phase, 0 to 1
 * @param to value after the last phase, 0 to 1
 * @param begin step at which the first phase begins
 * @param end step at which the last phase ends, after {@code begin}
 * @param phases of equal length, 1 or more
 */
public record LinearPhases(double from, double to, long begin, long end, int phases)
    implements Schedule {

  /** Checks values, order and number. */
  public LinearPhases {
    Ramps.check(from, to, begin, end);
    Ramps.checkPhases(phases);
  }

  @Override
  public double at(long step) {
    double done = Ramps.phasesDone(step, begin, end, phases);
    return done == 1 ? to : from + (to - from) * done;
  }
}

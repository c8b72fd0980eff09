// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Schedule;

/**
 * {@code from + (to - from) u} with {@code u = (step - begin) / (end - begin)} held in [0, 1].
 *
 * @param from value up to {@code begin}, 0 to 1
 * @param to value from {@code end} on, 0 to 1
 * @param begin last step at {@code from}
 * @param end first step at {@code to}, after {@code begin}
 */
public record Linear(double from, double to, long begin, long end) implements Schedule {

  /** Checks values and order. */
  public Linear {
    Ramps.check(from, to, begin, end);
  }

  @Override
  public double at(long step) {
    double done = Ramps.done(step, begin, end);
    return done == 1 ? to : from + (to - from) * done;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * {@code to + (from - to) (1 - u)^power} with {@code u = (step - begin) / (end - begin)} held in
 * [0, 1]: fast at first, slow at the end.
 *
 * <p>With {@code to = 0} this is the inverse power of drop fractions.
 *
 * @param from value up to {@code begin}, 0 to 1
 * @param to value from {@code end} on, 0 to 1
 * @param begin last step at {@code from}
 * @param end first step at {@code to}, after {@code begin}
 * @param power above 0; 1 is linear, 3 is {@link Cubic}
 */
public record Polynomial(double from, double to, long begin, long end, double power)
    implements Schedule {

  /** Checks values, order and power. */
  public Polynomial {
    Ramps.check(from, to, begin, end);
    Check.that(power > 0 && power <= 100, "power is %s, allowed: above 0 to 100", power);
  }

  @Override
  public double at(long step) {
    double left = 1 - Ramps.done(step, begin, end);
    return left == 1 ? from : to + (from - to) * Math.pow(left, power);
  }
}

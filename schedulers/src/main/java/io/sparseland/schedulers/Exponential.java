// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * {@code 1 - (1 - from) ((1 - to) / (1 - from))^u} with {@code u = (step - begin) / (end - begin)}
 * held in [0, 1]: the density decays geometrically, every step removes the same share of survivors.
 *
 * @param from sparsity up to {@code begin}, 0 to below 1
 * @param to sparsity from {@code end} on, 0 to below 1
 * @param begin last step at {@code from}
 * @param end first step at {@code to}, after {@code begin}
 */
public record Exponential(double from, double to, long begin, long end) implements Schedule {

  /** Checks values and order. */
  public Exponential {
    Ramps.check(from, to, begin, end);
    Check.that(
        from < 1 && to < 1, "from is %s and to %s, allowed: below 1 (density above 0)", from, to);
  }

  @Override
  public double at(long step) {
    double done = Ramps.done(step, begin, end);
    if (done == 0 || done == 1) {
      return done == 0 ? from : to;
    }
    return 1 - (1 - from) * Math.pow((1 - to) / (1 - from), done);
  }
}

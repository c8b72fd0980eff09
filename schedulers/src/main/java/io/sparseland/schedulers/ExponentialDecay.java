// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * {@code from · exp(-rate · step / end)}, for drop fractions.
 *
 * @param from value at step 0, 0 to 1
 * @param rate e-foldings up to {@code end}, 0 or more
 * @param end step at which {@code rate} e-foldings are done, 1 or more
 */
public record ExponentialDecay(double from, double rate, long end) implements Schedule {

  /** Checks the settings. */
  public ExponentialDecay {
    Check.fraction("from", from);
    Check.that(rate >= 0 && rate <= 1000, "rate is %s, allowed: 0 to 1000", rate);
    Check.that(end >= 1, "end is step %d, allowed: 1 or more", end);
  }

  @Override
  public double at(long step) {
    return from * Math.exp(-rate * step / end);
  }
}

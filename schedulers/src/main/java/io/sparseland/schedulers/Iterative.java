// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * {@code 1 - (1 - from) ((1 - to) / (1 - from))^(j / phases)} after phase {@code j} of {@code
 * phases}: every phase removes the same share of the survivors, {@link #share}.
 *
 * @param from sparsity during the first phase, 0 to below 1
 * @param to sparsity after the last phase, {@code from} to below 1
 * @param begin step at which the first phase begins
 * @param end step at which the last phase ends, after {@code begin}
 * @param phases of equal length, 1 or more
 * @see <a href="https://arxiv.org/abs/1803.03635">Frankle and Carbin 2018, "The Lottery Ticket
 *     Hypothesis"</a>
 */
public record Iterative(double from, double to, long begin, long end, int phases)
    implements Schedule {

  /** Checks values, order and number. */
  public Iterative {
    Ramps.check(from, to, begin, end);
    Ramps.checkPhases(phases);
    Check.that(
        from < 1 && to < 1, "from is %s and to %s, allowed: below 1 (density above 0)", from, to);
  }

  /** Share of the survivors that each phase removes: {@code 1 - ((1 - to) / (1 - from))^(1/J)}. */
  public double share() {
    return 1 - Math.pow((1 - to) / (1 - from), 1.0 / phases);
  }

  @Override
  public double at(long step) {
    double done = Ramps.phasesDone(step, begin, end, phases);
    if (done == 0 || done == 1) {
      return done == 0 ? from : to;
    }
    return 1 - (1 - from) * Math.pow((1 - to) / (1 - from), done);
  }
}

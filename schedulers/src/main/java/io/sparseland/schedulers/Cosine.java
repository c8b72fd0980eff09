// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * {@code floor + (from - floor) / 2 · (1 + cos(π step / end))} up to {@code end}, then {@code
 * floor}: the drop fraction of dynamic sparse training. Not shifted by the first update.
 *
 * @param from value at step 0, 0 to 1
 * @param floor value from {@code end} on, 0 to {@code from}; 0 stops the changes
 * @param end first step at {@code floor}, 1 or more
 * @see <a href="https://arxiv.org/abs/1907.04840">Dettmers and Zettlemoyer 2019, "Sparse networks
 *     from scratch"</a>
 */
public record Cosine(double from, double floor, long end) implements Schedule {

  /** Checks the settings. */
  public Cosine {
    Check.fraction("from", from);
    Check.that(floor >= 0 && floor <= from, "floor is %s, allowed: 0 to %s (from)", floor, from);
    Check.that(end >= 1, "end is step %d, allowed: 1 or more", end);
  }

  /** Down to 0. */
  public static Cosine decay(double from, long end) {
    return new Cosine(from, 0, end);
  }

  @Override
  public double at(long step) {
    if (step <= 0 || step >= end) {
      return step <= 0 ? from : floor;
    }
    return floor + (from - floor) / 2 * (1 + Math.cos(Math.PI * step / end));
  }
}

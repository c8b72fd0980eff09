// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * {@code from} before a step, {@code to} from that step on.
 *
 * @param from value before, 0 to 1
 * @param to value from then on, 0 to 1
 * @param begin step of the jump
 */
public record OneShot(double from, double to, long begin) implements Schedule {

  /** Checks both values. */
  public OneShot {
    Check.fraction("from", from);
    Check.fraction("to", to);
  }

  @Override
  public double at(long step) {
    return step < begin ? from : to;
  }
}

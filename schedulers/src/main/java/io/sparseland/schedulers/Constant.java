// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;

/**
 * The same value at every step.
 *
 * @param value 0 to 1
 */
public record Constant(double value) implements Schedule {

  /** Checks the value. */
  public Constant {
    Check.fraction("value", value);
  }

  @Override
  public double at(long step) {
    return value;
  }
}

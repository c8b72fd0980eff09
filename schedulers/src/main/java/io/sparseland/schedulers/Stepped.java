// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;
import io.sparseland.core.Schedule;
import java.util.List;

/**
 * A list of values, each in force until the next one takes over: MEST's bounds.
 *
 * @param values 0 to 1, one more than there are changes
 * @param changes first steps of the second, third, ... value; increasing
 * @see <a href="https://arxiv.org/abs/2110.14032">Yuan et al. 2021, "MEST"</a>
 */
public record Stepped(List<Double> values, List<Long> changes) implements Schedule {

  /** Checks values and order. */
  public Stepped {
    values = List.copyOf(values);
    changes = List.copyOf(changes);
    Check.that(
        values.size() == changes.size() + 1,
        "%d values and %d changes, allowed: one value more than changes",
        values.size(),
        changes.size());
    values.forEach(value -> Check.fraction("value", value));
    long last = 0;
    for (long change : changes) {
      Check.that(change > last, "change at step %d, allowed: after step %d", change, last);
      last = change;
    }
  }

  @Override
  public double at(long step) {
    int passed = 0;
    while (passed < changes.size() && step >= changes.get(passed)) {
      passed++;
    }
    return values.get(passed);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Trigger;
import java.util.Optional;

/**
 * When a method changes masks; the keys stand among the method's own.
 *
 * @param every time between two changes
 * @param begin first change; one {@code every} after the start if left out
 * @param until no change after this
 */
record TriggerSettings(long every, Optional<Long> begin, long until) {

  Trigger trigger() {
    return new Trigger(begin.orElse(every), every, until);
  }
}

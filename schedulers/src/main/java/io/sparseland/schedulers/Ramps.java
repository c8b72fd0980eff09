// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Check;

/** What all ramps share. */
final class Ramps {

  private Ramps() {}

  static void check(double from, double to, long begin, long end) {
    Check.fraction("from", from);
    Check.fraction("to", to);
    Check.that(
        begin >= 0 && begin < end,
        "begin is step %d and end step %d, allowed: 0 <= begin < end",
        begin,
        end);
  }

  /** Share of the way done, exactly 0 up to {@code begin} and exactly 1 from {@code end} on. */
  static double done(long step, long begin, long end) {
    return step <= begin ? 0 : step >= end ? 1 : (step - begin) / (double) (end - begin);
  }

  /** Share of the way done in whole phases; phase j is done at its last step. */
  static double phasesDone(long step, long begin, long end, int phases) {
    if (step <= begin || step >= end) {
      return step <= begin ? 0 : 1;
    }
    return Math.floorDiv(Math.multiplyExact(step - begin, (long) phases), end - begin)
        / (double) phases;
  }

  static void checkPhases(int phases) {
    Check.that(phases >= 1, "phases is %d, allowed: 1 or more", phases);
  }
}

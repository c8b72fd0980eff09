// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

/**
 * Turns lengths into steps of one {@code train} step.
 *
 * @param stepsPerEpoch optimizer steps in one pass over the data
 * @param steps optimizer steps in all
 * @param known false as long as the size of the data is not known
 */
public record Clock(long stepsPerEpoch, long steps, boolean known) {

  /** The clock of a training whose data and length are known. */
  public static Clock of(long stepsPerEpoch, int epochs) {
    return new Clock(stepsPerEpoch, Math.multiplyExact(stepsPerEpoch, (long) epochs), true);
  }

  /** Stands in while a recipe is checked; figures made with it are never used. */
  public static Clock unknown() {
    return new Clock(1000, 10_000, false);
  }

  /** The step nearest to that length. */
  public long steps(Length length) {
    return switch (length.unit()) {
      case STEPS -> (long) length.amount();
      case EPOCHS -> Math.round(length.amount() * stepsPerEpoch);
      case PERCENT -> Math.round(length.amount() / 100 * steps);
    };
  }
}

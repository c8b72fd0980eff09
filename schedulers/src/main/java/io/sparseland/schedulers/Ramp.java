// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Schedule;

/** The way from one value to another, without the numbers. */
public sealed interface Ramp {

  /**
   * The schedule with numbers; a jump where the way begins and ends at one step.
   *
   * @param from value up to {@code begin}
   * @param to value from {@code end} on
   */
  default Schedule schedule(double from, double to, long begin, long end) {
    return begin == end ? new OneShot(from, to, begin) : between(from, to, begin, end);
  }

  /** The schedule of a way that takes time. */
  Schedule between(double from, double to, long begin, long end);

  /** Ways without settings. */
  enum Plain implements Ramp {
    /** At once, at the first step. */
    ONE_SHOT,
    /** Straight. */
    LINEAR,
    /** Fast at first, slow at the end. */
    CUBIC,
    /** The same share of survivors at every step. */
    EXPONENTIAL;

    @Override
    public Schedule between(double from, double to, long begin, long end) {
      return switch (this) {
        case ONE_SHOT -> new OneShot(from, to, begin);
        case LINEAR -> new Linear(from, to, begin, end);
        case CUBIC -> new Cubic(from, to, begin, end);
        case EXPONENTIAL -> new Exponential(from, to, begin, end);
      };
    }
  }

  /**
   * The same share of survivors in each of some phases, see {@link Iterative}.
   *
   * @param phases of equal length
   */
  record ByShares(int phases) implements Ramp {
    /** Checks the number. */
    public ByShares {
      Ramps.checkPhases(phases);
    }

    @Override
    public Schedule between(double from, double to, long begin, long end) {
      return new Iterative(from, to, begin, end, phases);
    }
  }

  /**
   * Equal steps in each of some phases, see {@link LinearPhases}.
   *
   * @param phases of equal length
   */
  record ByEqualSteps(int phases) implements Ramp {
    /** Checks the number. */
    public ByEqualSteps {
      Ramps.checkPhases(phases);
    }

    @Override
    public Schedule between(double from, double to, long begin, long end) {
      return new LinearPhases(from, to, begin, end, phases);
    }
  }

  /**
   * Any power, see {@link Polynomial}.
   *
   * @param power above 0
   */
  record Power(double power) implements Ramp {
    @Override
    public Schedule between(double from, double to, long begin, long end) {
      return new Polynomial(from, to, begin, end, power);
    }
  }
}

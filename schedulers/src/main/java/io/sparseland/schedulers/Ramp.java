// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Schedule;

/** The way from one value to another, without the numbers. */
public enum Ramp {
  /** At once, at the first step. */
  ONE_SHOT,
  /** Straight. */
  LINEAR,
  /** Fast at first, slow at the end. */
  CUBIC,
  /** The same share of survivors at every step. */
  EXPONENTIAL;

  /**
   * The schedule with numbers.
   *
   * @param from value up to {@code begin}
   * @param to value from {@code end} on
   */
  public Schedule schedule(double from, double to, long begin, long end) {
    return begin == end
        ? new OneShot(from, to, begin)
        : switch (this) {
          case ONE_SHOT -> new OneShot(from, to, begin);
          case LINEAR -> new Linear(from, to, begin, end);
          case CUBIC -> new Cubic(from, to, begin, end);
          case EXPONENTIAL -> new Exponential(from, to, begin, end);
        };
  }
}

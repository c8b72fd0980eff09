// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/** A number that changes over training: a pure function of the step, so nothing is saved for it. */
@FunctionalInterface
public interface Schedule {

  /**
   * The value at a step.
   *
   * @param step optimizer steps done, 0 or more
   */
  double at(long step);
}

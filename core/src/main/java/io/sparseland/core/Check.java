// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/** Argument checks whose messages say what was found and what is allowed. */
public final class Check {

  private Check() {}

  /**
   * Throws unless the condition holds.
   *
   * @throws IllegalArgumentException with the formatted message
   */
  @SuppressWarnings("AnnotateFormatMethod") // its annotation would be one more dependency
  public static void that(boolean condition, String message, Object... arguments) {
    if (!condition) {
      throw new IllegalArgumentException(message.formatted(arguments));
    }
  }

  /**
   * Throws unless the value lies in [0, 1].
   *
   * @throws IllegalArgumentException naming the value; NaN is refused too
   */
  public static void fraction(String name, double value) {
    that(value >= 0 && value <= 1, "%s is %s, allowed: a fraction from 0 to 1", name, value);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A length of training with its unit: {@code 100 steps}, {@code 3 epochs}, {@code 75 %}.
 *
 * @param amount how many; a whole number for steps
 * @param unit of what
 */
public record Length(double amount, Unit unit) {

  private static final Pattern TEXT = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,9})?)\\s*([a-z]+|%)");

  /** Steps of the optimizer, passes over the data, or a part of the whole training step. */
  public enum Unit {
    STEPS,
    EPOCHS,
    PERCENT
  }

  /** Checks the amount. */
  public Length {
    if (unit == Unit.PERCENT && amount > 100) {
      throw new IllegalArgumentException("more than the whole training (100 percent)");
    }
    if (unit == Unit.STEPS && amount != Math.rint(amount)) {
      throw new IllegalArgumentException("steps are whole numbers");
    }
  }

  /**
   * Reads {@code 100 steps}.
   *
   * @throws IllegalArgumentException if there is no unit, or an unknown one
   */
  static Length parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "needs a number with a unit: '100 steps', '3 epochs' or '75 %%'".formatted());
    }
    Unit unit =
        switch (matcher.group(2)) {
          case "step", "steps" -> Unit.STEPS;
          case "epoch", "epochs" -> Unit.EPOCHS;
          case "%" -> Unit.PERCENT;
          default ->
              throw new IllegalArgumentException(
                  "unknown unit '" + matcher.group(2) + "'; there are steps, epochs and %");
        };
    return new Length(Double.parseDouble(matcher.group(1)), unit);
  }

  @Override
  public String toString() {
    String number = amount == Math.rint(amount) ? Long.toString((long) amount) : "" + amount;
    return number + " " + (unit == Unit.PERCENT ? "%" : unit.name().toLowerCase(Locale.ROOT));
  }
}

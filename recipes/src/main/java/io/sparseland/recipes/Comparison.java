// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A comparison with a number: {@code >= 0.97}.
 *
 * @param operator one of {@code >= > <= < ==}
 * @param bound the number
 */
public record Comparison(String operator, double bound) {

  private static final Pattern TEXT =
      Pattern.compile("(>=|<=|>|<|==)\\s*(-?\\d{1,15}(?:\\.\\d{1,15})?(?:[eE][-+]?\\d{1,3})?)");

  /**
   * Reads a comparison.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static Comparison parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "needs a comparison in quotes such as \">= 0.97\", found '" + text + "'");
    }
    return new Comparison(matcher.group(1), Double.parseDouble(matcher.group(2)));
  }

  /**
   * Whether {@code value} passes.
   *
   * @param forgiven how far it may miss the bound
   */
  public boolean holds(double value, double forgiven) {
    return switch (operator) {
      case ">=" -> value >= bound - forgiven;
      case ">" -> value > bound - forgiven;
      case "<=" -> value <= bound + forgiven;
      case "<" -> value < bound + forgiven;
      default -> Math.abs(value - bound) <= forgiven;
    };
  }

  @Override
  public String toString() {
    return operator + " " + bound;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An amount of memory: {@code 512 MiB}, {@code 1.5 GiB}.
 *
 * @param bytes above 0
 */
public record MemorySize(long bytes) {

  private static final Pattern TEXT = Pattern.compile("(\\d{1,6}(?:\\.\\d{1,3})?) *(MiB|GiB)");

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException for anything else
   */
  static MemorySize parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "memory is '%s', allowed: a number and MiB or GiB, such as 6 GiB".formatted(text));
    }
    double unit = matcher.group(2).equals("GiB") ? 1L << 30 : 1L << 20;
    long bytes = Math.round(Double.parseDouble(matcher.group(1)) * unit);
    if (bytes < 1) {
      throw new IllegalArgumentException("memory is " + text + ", allowed: above 0");
    }
    return new MemorySize(bytes);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.0f MiB", bytes / (double) (1 << 20));
  }
}

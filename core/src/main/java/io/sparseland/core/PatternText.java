// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.regex.Matcher;

/** Reads the texts of patterns. */
final class PatternText {

  private static final java.util.regex.Pattern NM =
      java.util.regex.Pattern.compile("(\\d{1,4}):(\\d{1,4})(\\+dense)?");
  private static final java.util.regex.Pattern BLOCK =
      java.util.regex.Pattern.compile("(\\d{1,4})x(\\d{1,4})");

  private static final java.util.regex.Pattern HEAD =
      java.util.regex.Pattern.compile("head/(\\d{1,4})");

  private PatternText() {}

  /** See {@link Pattern#parse}. */
  static Pattern parse(String text) {
    return switch (text) {
      case "unstructured" -> new Pattern.Unstructured();
      case "row" -> new Pattern.Row();
      case "channel" -> new Pattern.Channel();
      default -> numbers(text);
    };
  }

  private static Pattern numbers(String text) {
    Matcher nm = NM.matcher(text);
    if (nm.matches()) {
      return new Pattern.NM(
          Integer.parseInt(nm.group(1)),
          Integer.parseInt(nm.group(2)),
          nm.group(3) == null ? Pattern.Remainder.REFUSE : Pattern.Remainder.DENSE);
    }
    Matcher block = BLOCK.matcher(text);
    if (block.matches()) {
      return new Pattern.Block(Integer.parseInt(block.group(1)), Integer.parseInt(block.group(2)));
    }
    Matcher head = HEAD.matcher(text);
    if (head.matches()) {
      return new Pattern.Head(Integer.parseInt(head.group(1)));
    }
    throw new IllegalArgumentException(
        ("pattern is '%s', allowed: unstructured, N:M (such as 2:4, N kept of M), N:M+dense, RxC"
                + " (such as 4x1, outputs x inputs), row, channel, head/N (such as head/32, N input"
                + " channels)")
            .formatted(text));
  }
}

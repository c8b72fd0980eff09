// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.Arrays;
import java.util.Locale;

/** Argument checks with messages that say what was found and what is allowed. */
final class Check {

  private Check() {}

  /** Arrays of sizes may be arguments as they are: they become text only when the check fails. */
  static void that(boolean holds, String message, Object... args) {
    if (!holds) {
      Object[] texts =
          Arrays.stream(args).map(a -> a instanceof int[] n ? Arrays.toString(n) : a).toArray();
      throw new IllegalArgumentException(String.format(Locale.ROOT, message, texts));
    }
  }

  static void atLeast(String name, long value, long least) {
    that(value >= least, "%s is %d, allowed is %d or more", name, value, least);
  }

  /** Throws when {@code index} is not in [0, size). */
  static void index(String name, int index, int size) {
    that(index >= 0 && index < size, "%s is %d, allowed is 0 to %d", name, index, size - 1);
  }
}

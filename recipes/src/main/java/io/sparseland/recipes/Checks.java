// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import java.util.List;

/** Checks of settings. */
final class Checks {

  private Checks() {}

  static void positive(String key, int value) {
    if (value < 1 || value > 1_000_000_000) {
      throw new IllegalArgumentException(key + " " + value + " must be at least 1");
    }
  }

  static void positive(String key, List<Integer> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException(key + " is an empty list");
    }
    values.forEach(v -> positive(key, v));
  }

  /** A plain name: no folders, nothing hidden, no way out of the run directory. */
  static void fileName(String key, String name) {
    if (!name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")) {
      throw new IllegalArgumentException(
          key + " '" + name + "' must be a plain name of letters, digits, '-', '_' and '.'");
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

/** Checks shared by the sources. */
final class Sizes {

  private Sizes() {}

  static void batch(int batch) {
    if (batch < 1) {
      throw new IllegalArgumentException("batch " + batch + " must be at least 1");
    }
  }
}

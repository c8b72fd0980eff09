// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

/** Checks of layer sizes. */
final class Sizes {

  private Sizes() {}

  static void positive(String model, int size) {
    if (size < 1) {
      throw new IllegalArgumentException(
          "a layer of '" + model + "' has size " + size + "; sizes must be at least 1");
    }
  }
}

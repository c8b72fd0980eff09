// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

/** Checks of token ids. */
final class Tokens {

  private Tokens() {}

  static int check(long id, int vocabulary, String what) {
    if (id < 0 || id >= vocabulary) {
      throw new IllegalArgumentException(
          "%s is %d; the model's vocabulary has ids 0 to %d".formatted(what, id, vocabulary - 1));
    }
    return (int) id;
  }
}

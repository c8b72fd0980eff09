// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

/**
 * One thing wrong in a recipe.
 *
 * @param place where
 * @param message what was found
 * @param hint what is allowed or to be done; empty when the message says it
 */
public record Mistake(Place place, String message, String hint) {

  /** A mistake whose message needs no hint. */
  public Mistake(Place place, String message) {
    this(place, message, "");
  }

  @Override
  public String toString() {
    return place + ": " + message + (hint.isEmpty() ? "" : "\n  " + hint);
  }
}

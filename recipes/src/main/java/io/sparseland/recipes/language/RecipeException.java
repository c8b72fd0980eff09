// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.util.List;
import java.util.stream.Collectors;

/** A recipe with mistakes: all of them, in the order of the text. */
public final class RecipeException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final transient List<Mistake> mistakes;

  /** An exception that reports every one of {@code mistakes}, at least one. */
  public RecipeException(List<Mistake> mistakes) {
    super(mistakes.stream().map(Mistake::toString).collect(Collectors.joining("\n")));
    this.mistakes = List.copyOf(mistakes);
  }

  /** An exception with one mistake. */
  public RecipeException(Place place, String message, String hint) {
    this(List.of(new Mistake(place, message, hint)));
  }

  /** What is wrong, in the order of the text. */
  public List<Mistake> mistakes() {
    return mistakes;
  }
}

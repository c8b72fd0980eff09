// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects mistakes, so that all of a recipe's are reported at once. */
public final class Mistakes {

  private final List<Mistake> found = new ArrayList<>();

  /** Notes a mistake. */
  public void add(Place place, String message, String hint) {
    Mistake mistake = new Mistake(place, message, hint);
    if (!found.contains(mistake)) {
      found.add(mistake);
    }
  }

  /** Notes a mistake whose message needs no hint. */
  public void add(Place place, String message) {
    add(place, message, "");
  }

  /** How many were noted so far. */
  public int count() {
    return found.size();
  }

  /** Whether something at that place is wrong. */
  boolean isAt(Place place) {
    return found.stream().anyMatch(m -> m.place().equals(place));
  }

  /** Throws them all, in the order of the text, if there are any. */
  public void throwIfAny() {
    if (!found.isEmpty()) {
      List<Mistake> sorted = new ArrayList<>(found);
      sorted.sort(
          Comparator.comparing((Mistake m) -> m.place().line())
              .thenComparing(m -> m.place().column()));
      throw new RecipeException(sorted);
    }
  }
}

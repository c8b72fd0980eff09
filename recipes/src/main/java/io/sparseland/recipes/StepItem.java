// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.recipes.language.Choice;
import java.util.Optional;

/**
 * A numbered item of a recipe: {@code {id: warm_up, train: {...}}}.
 *
 * @param id a name for {@code --set}
 * @param step what is done
 */
public record StepItem(Optional<String> id, @Choice Step step) {

  /** Checks that an id is a word and cannot be taken for an index. */
  public StepItem {
    if (id.isPresent() && !id.get().matches("[A-Za-z_][A-Za-z0-9_-]{0,99}")) {
      throw new IllegalArgumentException(
          "id '" + id.get() + "' must be a word of letters, digits, '_' and '-'");
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.recipes.language.Node;
import io.sparseland.recipes.language.Node.Field;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Items;
import io.sparseland.recipes.language.Place;
import java.nio.file.Path;

/**
 * A recipe with where it came from.
 *
 * @param file as the user named it
 * @param root its nodes, overrides applied
 * @param recipe bound
 * @param resolved JSON with every default filled in
 * @param hash SHA-256 of {@code resolved}, in hex
 */
public record LoadedRecipe(Path file, Node root, Recipe recipe, String resolved, String hash) {

  /** The recipe's name, or its file's without the ending. */
  public String name() {
    String file = String.valueOf(this.file.getFileName());
    return recipe.name().orElse(file.replaceFirst("\\.ya?ml$", ""));
  }

  /** Where a path of keys and indices stands, or its nearest surroundings. */
  public Place place(Object... path) {
    Node node = root;
    for (Object step : path) {
      Node next = null;
      if (node instanceof Fields fields && step instanceof String key) {
        next = fields.field(key).map(Field::value).orElse(null);
      } else if (node instanceof Items items && step instanceof Integer index) {
        next = index < items.items().size() ? items.items().get(index) : null;
      }
      if (next == null) {
        return node.place();
      }
      node = next;
    }
    return node.place();
  }
}

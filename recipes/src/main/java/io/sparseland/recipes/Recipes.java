// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Allocation;
import io.sparseland.core.Budgeted;
import io.sparseland.core.Epsilon;
import io.sparseland.core.ErdosRenyi;
import io.sparseland.core.LikeDense;
import io.sparseland.core.Owl;
import io.sparseland.core.Sensitivity;
import io.sparseland.core.UniformPlus;
import io.sparseland.recipes.language.Binder;
import io.sparseland.recipes.language.Mistakes;
import io.sparseland.recipes.language.Node;
import io.sparseland.recipes.language.NodeText;
import io.sparseland.recipes.language.Overrides;
import io.sparseland.recipes.language.YamlReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Reads recipes. */
public final class Recipes {

  private Recipes() {}

  /**
   * Reads a recipe, applies {@code --set} overrides and binds it.
   *
   * @param overrides {@code path=value}, in order
   * @throws io.sparseland.recipes.language.RecipeException with every mistake that can be found
   *     without the model
   * @throws IOException if the file cannot be read
   */
  public static LoadedRecipe load(Path file, List<String> overrides) throws IOException {
    return bind(file, Overrides.apply(YamlReader.read(file), overrides));
  }

  /**
   * Reads a recipe from a text, such as the resolved one in a run directory.
   *
   * @param file for messages
   */
  public static LoadedRecipe parse(Path file, String text) {
    return bind(file, YamlReader.parse(file.toString(), text));
  }

  private static LoadedRecipe bind(Path file, Node root) {
    Mistakes mistakes = new Mistakes();
    Binder binder = new Binder(Kinds.CATALOGUE, mistakes);
    Recipe recipe = binder.bind(Recipe.class, root, "recipe");
    mistakes.throwIfAny();
    if (recipe == null) {
      throw new IllegalStateException("nothing bound and nothing wrong");
    }
    String resolved = NodeText.json(binder.resolved(root));
    return new LoadedRecipe(file, root, recipe, resolved, sha256(resolved));
  }

  /** The word of an allocation in a recipe. */
  public static String word(Allocation allocation) {
    return Kinds.ALLOCATIONS.entrySet().stream()
        .filter(e -> e.getValue().get().equals(allocation))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(() -> wordOfKind(allocation));
  }

  private static String wordOfKind(Allocation allocation) {
    if (allocation instanceof ErdosRenyi er) {
      return er.kernel() ? "erk" : "er";
    }
    if (allocation instanceof Budgeted budgeted) {
      return word(budgeted.spread())
          + " by "
          + budgeted.budget().name().toLowerCase(java.util.Locale.ROOT);
    }
    if (allocation instanceof Sensitivity) {
      return "sensitivity";
    }
    return allocation instanceof UniformPlus
        ? "uniform_plus"
        : allocation instanceof Epsilon
            ? "epsilon"
            : allocation instanceof Owl
                ? "owl"
                : allocation instanceof LikeDense ? "iso_flop" : "fixed";
  }

  private static String sha256(String text) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has SHA-256
    }
  }
}

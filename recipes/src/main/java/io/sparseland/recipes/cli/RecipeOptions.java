// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.Failure;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.recipes.Recipes;
import io.sparseland.recipes.data.DataFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of every command that reads a recipe. */
final class RecipeOptions {

  @Mixin private SavedOptions saved = new SavedOptions();

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "Change a setting: steps.0.train.epochs=3; the value is YAML.")
  private List<String> overrides = new ArrayList<>();

  LoadedRecipe load(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new Failure(Failure.USAGE, "there is no recipe " + file);
    }
    return Recipes.load(file, overrides);
  }

  /** The {@code --set} arguments. */
  List<String> overrides() {
    return List.copyOf(overrides);
  }

  /** Arguments that say where data and classes lie, for another process. */
  List<String> shared() {
    return saved.arguments();
  }

  DataFolders folders(Path recipe) {
    return saved.folders(recipe);
  }

  ClassLoader classes() {
    return saved.classes();
  }
}

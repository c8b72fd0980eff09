// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.Failure;
import io.sparseland.recipes.language.Mistake;
import io.sparseland.recipes.language.RecipeException;
import io.sparseland.recipes.plan.Planner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code sparseland check RECIPE...}. */
@Command(name = "check", description = "Finds every mistake in recipes; runs nothing.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class CheckCommand implements Callable<Integer> {

  @ParentCommand private Main main;
  @Mixin private RecipeOptions options;

  @Parameters(paramLabel = "RECIPE", arity = "1..*", description = "Recipe files.")
  private List<Path> recipes;

  /** What {@code --json} prints. */
  record Checked(String recipe, List<Found> mistakes) {}

  /** A mistake in JSON. */
  record Found(String source, int line, int column, String message, String hint) {}

  @Override
  public Integer call() throws IOException {
    List<Checked> all = new ArrayList<>();
    for (Path recipe : recipes) {
      List<Mistake> mistakes = mistakes(recipe);
      if (!main.console().json()) {
        mistakes.forEach(m -> main.console().err().println("error: " + m));
        if (mistakes.isEmpty()) {
          main.console().result(recipe + ": no mistakes");
        }
      }
      all.add(new Checked(recipe.toString(), mistakes.stream().map(CheckCommand::found).toList()));
    }
    if (main.console().json()) {
      main.console().document(all);
    }
    return all.stream().allMatch(c -> c.mistakes().isEmpty()) ? 0 : Failure.USAGE;
  }

  private List<Mistake> mistakes(Path recipe) throws IOException {
    try {
      Planner.plan(options.load(recipe), options.folders(recipe), options.classes());
      return List.of();
    } catch (RecipeException e) {
      return e.mistakes();
    }
  }

  private static Found found(Mistake m) {
    return new Found(
        m.place().source(), m.place().line(), m.place().column(), m.message(), m.hint());
  }
}

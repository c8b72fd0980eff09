// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.Failure;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.recipes.run.Report;
import io.sparseland.recipes.run.Runner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code sparseland run RECIPE}. */
@Command(name = "run", description = "Runs a recipe and reports what it reached.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class RunCommand implements Callable<Integer> {

  @ParentCommand private Main main;
  @Mixin private RecipeOptions options;

  @Parameters(paramLabel = "RECIPE", description = "A recipe file.")
  private Path recipe;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The run directory; out/<name> if left out.")
  private @Nullable Path out;

  @Option(names = "--force", description = "Replace the run directory of another recipe.")
  private boolean force;

  @Override
  public Integer call() throws IOException {
    Console console = main.console();
    LoadedRecipe loaded = options.load(recipe);
    Path folder = out == null ? Path.of("out", loaded.name()) : out;
    Report report;
    try (Progress progress = Progress.of(console)) {
      report =
          Runner.run(loaded, options.folders(recipe), options.classes(), folder, force, progress);
    }
    if (console.json()) {
      console.document(report);
    } else {
      console.result(ReportText.of(report));
    }
    for (Report.Expected line : report.expect()) {
      if (!line.met()) {
        console
            .err()
            .printf(
                "error: expected %s %s, found %s%n",
                line.key(), line.wanted(), line.found() == null ? "nothing" : line.found());
      }
    }
    return report.met() ? 0 : Failure.EXPECTATION;
  }
}

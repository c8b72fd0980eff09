// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.Failure;
import io.sparseland.recipes.run.Machine;
import io.sparseland.recipes.sweep.RunProcess;
import io.sparseland.recipes.sweep.Sweep;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code sparseland sweep RECIPE --over PATH=[a, b]}. */
@Command(
    name = "sweep",
    description = "Runs a recipe under every combination of settings; one table, one chart.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class SweepCommand implements Callable<Integer> {

  @ParentCommand private Main main;
  @Spec private CommandSpec spec;
  @Mixin private RecipeOptions options;

  @Parameters(paramLabel = "RECIPE", description = "A recipe file.")
  private Path recipe;

  @Option(
      names = "--over",
      paramLabel = "PATH=[VALUES]",
      description =
          "The values of a setting: seed=[1, 2, 3], or @FILE with such a list; several make a"
              + " grid.")
  private List<String> over = new ArrayList<>();

  @Option(
      names = "--compare",
      paramLabel = "ROW",
      description = "Paired t-tests against this row over the seeds, e.g. static.")
  private @Nullable String compare;

  @Option(names = "--jobs", defaultValue = "1", description = "Runs at a time, one thread each.")
  private int jobs;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Runs and table; out/sweep-<recipe> if left out.")
  private @Nullable Path out;

  @Override
  public Integer call() throws IOException {
    if (jobs < 1) {
      throw new Failure(Failure.USAGE, "--jobs " + jobs + ": allowed are 1 or more");
    }
    String name = options.load(recipe).name();
    Path folder = out == null ? Path.of("out", "sweep-" + name) : out;
    Sweep sweep = Sweep.of(recipe, options.overrides(), over);
    if (compare != null) {
      sweep = sweep.comparedWith(compare);
    }
    List<String> head =
        List.of(
            "sparseland " + String.join(" ", quoted()),
            "sparseland " + Versions.sparseland(),
            "%s, %d processors, %d at a time".formatted(Machine.cpu(), Machine.cores(), jobs));
    Sweep.Result result;
    try (Progress progress = Progress.of(main.console())) {
      RunProcess process = RunProcess.of(Main.class, options.shared());
      result = sweep.run(process, folder, jobs, head, progress);
    }
    if (main.console().json()) {
      main.console()
          .document(
              Map.of("runs", sweep.size(), "failed", result.failed(), "folder", folder.toString()));
    } else {
      main.console().result(result.markdown().stripTrailing());
    }
    main.console().message("table and chart: " + folder);
    return result.exit();
  }

  private List<String> quoted() {
    return spec.commandLine().getParseResult().originalArgs().stream()
        .map(a -> a.matches("[\\w./=:+-]+") ? a : "'" + a.replace("'", "'\\''") + "'")
        .toList();
  }
}

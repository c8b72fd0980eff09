// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.plan.Plan;
import io.sparseland.recipes.plan.PlanText;
import io.sparseland.recipes.plan.Planner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code sparseland plan RECIPE}. */
@Command(
    name = "plan",
    description = "Prints layers, counts, cost and schedules; reads no data, runs nothing.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class PlanCommand implements Callable<Integer> {

  @ParentCommand private Main main;
  @Mixin private RecipeOptions options;

  @Parameters(paramLabel = "RECIPE", description = "A recipe file.")
  private Path recipe;

  @Override
  public Integer call() throws IOException {
    Plan plan = Planner.plan(options.load(recipe), options.folders(recipe), options.classes());
    if (main.console().json()) {
      main.console().document(plan);
    } else {
      main.console().result(PlanText.of(plan).stripTrailing());
    }
    return 0;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.OneDnn;
import io.sparseland.kernels.Threads;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.tuning.Profiler;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.run.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code sparseland profile}. */
@Command(
    name = "profile",
    description = "Measures what each kernel design costs here, for exports and 'pattern: auto'.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ProfileCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Option(names = "--quick", description = "One size, few sparsities: under a minute.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "profile.json",
      description = "The table; ends in .json.")
  private Path out;

  @Option(names = "--name", defaultValue = "local", description = "Name of the profile.")
  private String name;

  @Option(
      names = "--types",
      split = ",",
      defaultValue = "FP32,BF16,INT8",
      description = "fp32, bf16, int8.")
  private List<WeightType> types;

  @Override
  public Integer call() throws IOException {
    if (!out.toString().endsWith(".json")) {
      throw new Failure(Failure.USAGE, "--out " + out + " must end in .json");
    }
    Profiler.Grid grid = quick ? Profiler.Grid.quick(types) : Profiler.Grid.full(types);
    Kernels kernels = Kernels.best();
    String machine =
        "%s, %d threads, %s, %s"
            .formatted(
                Machine.cpu(),
                Threads.count(),
                kernels.name(),
                OneDnn.loaded() ? "oneDNN" : "without oneDNN");
    CostTable table;
    try (Progress progress = Progress.of(main.console())) {
      progress.phase("measuring " + grid.rows() + " rows");
      table =
          new Profiler(kernels, grid)
              .measure(name, machine, done -> progress.progress(done, grid.rows(), ""));
    } catch (IllegalArgumentException e) {
      throw new Failure(Failure.USAGE, "%s".formatted(e.getMessage()), e);
    }
    Files.writeString(out, table.toJson());
    if (main.console().json()) {
      Map<String, Object> shown = new TreeMap<>();
      shown.put("profile", out.toString());
      shown.put("machine", machine);
      shown.put("rows", table.rows().size());
      main.console().document(shown);
    } else {
      main.console().result("%s: %d rows, %s".formatted(out, table.rows().size(), machine));
    }
    return 0;
  }
}

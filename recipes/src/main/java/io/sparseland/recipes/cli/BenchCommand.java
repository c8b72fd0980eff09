// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.OneDnn;
import io.sparseland.kernels.format.ModelDirectory;
import io.sparseland.kernels.runtime.SparseModel;
import io.sparseland.kernels.tuning.LayerSpeed;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.run.BenchRow;
import io.sparseland.recipes.run.LoadTime;
import io.sparseland.recipes.run.Machine;
import io.sparseland.recipes.run.SavedRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code sparseland bench MODEL}. */
@Command(
    name = "bench",
    description = "Times an exported model of a run against dense DJL/PyTorch, in turns.",
    subcommands = BenchKernelsCommand.class)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class BenchCommand implements Callable<Integer> {

  @ParentCommand private Main main;
  @Mixin private SavedOptions options;

  @Parameters(
      arity = "0..1", // none with a subcommand
      paramLabel = "MODEL",
      description = "A model directory inside the directory of its run, or that directory.")
  private @Nullable Path model;

  @Option(names = "--batches", split = ",", defaultValue = "1,32", description = "Batch sizes.")
  private List<Integer> batches;

  @Option(names = "--threads", split = ",", defaultValue = "1", description = "Thread counts.")
  private List<Integer> threads;

  /** What {@code --json} prints. */
  record Measured(
      String model,
      String cpu,
      LoadTime load,
      List<BenchRow> bench,
      List<LayerSpeed.Row> layers,
      List<String> notes) {}

  Console console() {
    return main.console();
  }

  @Override
  public Integer call() throws IOException {
    if (model == null) {
      throw new Failure(Failure.USAGE, "bench what? a MODEL, or 'kernels'");
    }
    if (batches.stream().anyMatch(b -> b < 1) || threads.stream().anyMatch(t -> t < 1)) {
      throw new Failure(Failure.USAGE, "--batches and --threads must be at least 1");
    }
    Path exported =
        Files.exists(model.resolve(ModelDirectory.MODEL)) ? model : model.resolve("model");
    Path run = exported.toAbsolutePath().normalize().getParent();
    if (run == null) {
      throw new Failure(Failure.USAGE, model + " lies in no run directory");
    }
    try (SavedRun saved = SavedRun.open(run, options.folders(run), options.classes());
        Progress progress = Progress.of(main.console())) {
      progress.phase("loading");
      LoadTime load = LoadTime.measure(exported);
      progress.phase("measuring");
      List<BenchRow> rows = saved.bench(exported, batches, threads, progress);
      progress.phase("measuring layers");
      Kernels kernels = Kernels.best();
      List<LayerSpeed.Row> layers;
      List<String> notes = new ArrayList<>();
      if (!OneDnn.loaded()) {
        notes.add(OneDnn.status());
      }
      try (SparseModel sparse = SparseModel.load(exported, kernels)) {
        layers = new LayerSpeed(kernels).measure(sparse, batches);
        notes.addAll(sparse.notes());
      }
      if (main.console().json()) {
        main.console()
            .document(new Measured(exported.toString(), Machine.cpu(), load, rows, layers, notes));
      } else {
        main.console()
            .result(Machine.cpu() + "\n" + text(load) + ReportText.of(rows) + text(layers));
        notes.forEach(note -> main.console().result("note: " + note));
      }
    }
    return 0;
  }

  private static String text(LoadTime load) {
    return String.format(
        Locale.ROOT,
        "load: %.1f MB in %.3f s (median of %d, spread %.3f), first time %.3f s; packed %.1f MB%n",
        load.fileBytes() / 1e6,
        load.seconds(),
        load.rounds(),
        load.spread(),
        load.firstSeconds(),
        load.residentBytes() / 1e6);
  }

  private static String text(List<LayerSpeed.Row> layers) {
    StringBuilder text = new StringBuilder();
    if (!layers.isEmpty()) {
      text.append(
          "%n%-28s %7s %-10s %s%n".formatted("layer", "tokens", "design", "dense time / own"));
    }
    for (LayerSpeed.Row row : layers) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-28s %7d %-10s %.2f%s%n",
              row.tensor().replaceAll("\\p{Cntrl}", "?"),
              row.tokens(),
              row.design(),
              row.ratio(),
              row.slower() ? "  SLOWER THAN DENSE" : ""));
    }
    return text.toString().stripTrailing();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.core.export.ExportOptions;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.plan.PlanText;
import io.sparseland.recipes.run.SavedRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code sparseland export RUN --to DIR}. */
@Command(
    name = "export",
    description = "Exports the trained model of a run directory again, for example dense.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ExportCommand implements Callable<Integer> {

  @ParentCommand private Main main;
  @Mixin private SavedOptions options;

  @Parameters(paramLabel = "RUN", description = "The directory of a finished run.")
  private Path run;

  @Option(names = "--to", required = true, paramLabel = "DIR", description = "The model directory.")
  private Path to;

  @Option(names = "--layout", defaultValue = "AUTO", description = "auto, sparse or dense kernels.")
  private ExportOptions.Kernels layout;

  @Option(names = "--type", defaultValue = "FP32", description = "fp32, bf16 or int8 weights.")
  private WeightType type;

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      description = "Choose kernels by a hardware profile, not by measurement.")
  private @Nullable String profile;

  @Option(
      names = "--batch",
      defaultValue = "32",
      description = "Examples or tokens to choose kernels for, besides one alone.")
  private int batch;

  @Override
  public Integer call() throws IOException {
    ExportOptions.Form form;
    try {
      Optional<CostTable> table = Optional.ofNullable(profile).map(CostTable::of);
      form = new ExportOptions.Form(type, layout, table, batch);
    } catch (IllegalArgumentException e) {
      throw new Failure(Failure.USAGE, "%s".formatted(e.getMessage()), e);
    }
    try (SavedRun saved = SavedRun.open(run, options.folders(run), options.classes())) {
      var result = saved.export(form, to);
      Map<String, Object> shown = new TreeMap<>();
      shown.put("model", to.toString());
      shown.put("max_abs_error", result.maxAbsError());
      shown.put("max_relative_error", result.maxRelativeError());
      shown.put("bytes_dense", result.bytesDense());
      shown.put("bytes_sparse", result.bytesSparse());
      if (main.console().json()) {
        main.console().document(shown);
      } else {
        main.console()
            .result(
                "%s: %s (dense %s), max abs error %.2e, relative %.2e"
                    .formatted(
                        to,
                        PlanText.bytes(result.bytesSparse()),
                        PlanText.bytes(result.bytesDense()),
                        result.maxAbsError(),
                        result.maxRelativeError()));
      }
      return 0;
    }
  }
}

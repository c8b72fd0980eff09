// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.kernels.format.ModelDirectory;
import io.sparseland.kernels.format.ModelSummary;
import io.sparseland.kernels.graph.Port;
import io.sparseland.recipes.plan.PlanText;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code sparseland inspect MODEL}; safe on files of strangers. */
@Command(
    name = "inspect",
    description = "Prints what a model directory holds; safe on untrusted files.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class InspectCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Parameters(paramLabel = "MODEL", description = "An exported model directory.")
  private Path model;

  /** What {@code --json} prints. */
  record Inspected(
      String name,
      String recipeHash,
      long seed,
      Map<String, String> versions,
      List<String> inputs,
      List<String> outputs,
      List<String> operations,
      double sparsity,
      long bytesDense,
      long bytesStored,
      List<Tensor> tensors) {}

  /** A stored tensor in JSON. */
  record Tensor(
      String name,
      String type,
      List<Integer> shape,
      String pattern,
      long elements,
      long kept,
      long bytes,
      String kernel,
      String reason) {}

  @Override
  public Integer call() throws IOException {
    if (!Files.isDirectory(model)) {
      throw new FileNotFoundException(model + " (a model directory)");
    }
    ModelDirectory.read(model); // checks every byte: structure, bounds, sums
    Inspected inspected = inspected(ModelDirectory.summary(model));
    if (main.console().json()) {
      main.console().document(inspected);
    } else {
      main.console().result(text(inspected));
    }
    return 0;
  }

  private static Inspected inspected(ModelSummary summary) {
    return new Inspected(
        summary.provenance().name(),
        summary.provenance().recipeHash(),
        summary.provenance().seed(),
        summary.provenance().versions(),
        summary.graph().inputs().stream().map(InspectCommand::port).toList(),
        summary.graph().outputs().stream().map(InspectCommand::port).toList(),
        summary.graph().nodes().stream()
            .map(n -> n.op().getClass().getSimpleName() + " -> " + n.output())
            .toList(),
        summary.sparsity(),
        summary.bytesDense(),
        summary.bytesStored(),
        summary.tensors().stream()
            .map(
                t ->
                    new Tensor(
                        t.name(),
                        t.type().name().toLowerCase(Locale.ROOT),
                        t.shape(),
                        t.pattern(),
                        t.elements(),
                        t.kept(),
                        t.storedBytes(),
                        t.choice().designs(),
                        t.choice().reason()))
            .toList());
  }

  private static String port(Port port) {
    return port.name() + " " + port.type() + " " + port.shape();
  }

  private static String text(Inspected model) {
    StringBuilder out = new StringBuilder();
    out.append(
        line("model %s, seed %d, recipe %s", model.name(), model.seed(), model.recipeHash()));
    out.append(line("versions: %s", model.versions()));
    model.inputs().forEach(p -> out.append(line("input  %s", p)));
    model.outputs().forEach(p -> out.append(line("output %s", p)));
    out.append(line("operations: %s", String.join(", ", model.operations())));
    out.append(
        line(
            "sparsity of pruned layers %.4f; stored %s, dense %s",
            model.sparsity(),
            PlanText.bytes(model.bytesStored()),
            PlanText.bytes(model.bytesDense())));
    out.append(
        line(
            "%-28s %-4s %-16s %-13s %12s %12s %-15s %s",
            "tensor", "type", "shape", "pattern", "elements", "kept", "kernel", "reason"));
    for (Tensor t : model.tensors()) {
      out.append(
          line(
              "%-28s %-4s %-16s %-13s %,12d %,12d %-15s %s",
              t.name(),
              t.type(),
              t.shape(),
              t.pattern(),
              t.elements(),
              t.kept(),
              t.kernel(),
              t.reason()));
    }
    return out.toString().stripTrailing();
  }

  /** Names come from the file: control characters must not reach a terminal. */
  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values).replaceAll("\\p{Cntrl}", "?") + "\n";
  }
}

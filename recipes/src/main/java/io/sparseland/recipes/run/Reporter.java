// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.engine.Engine;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerOutcome;
import io.sparseland.core.Mask;
import io.sparseland.core.export.ExportResult;
import io.sparseland.core.export.LayerReport;
import io.sparseland.kernels.OneDnn;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.recipes.Comparison;
import io.sparseland.recipes.Expect;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.recipes.plan.Plan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Puts the report together and judges the expectations. */
final class Reporter {

  private final LoadedRecipe loaded;
  private final Plan plan;
  private final RunFolder folder;
  private final Runner.State state;
  private final String dataDigest;

  Reporter(
      LoadedRecipe loaded, Plan plan, RunFolder folder, Runner.State state, String dataDigest) {
    this.loaded = loaded;
    this.plan = plan;
    this.folder = folder;
    this.state = state;
    this.dataDigest = dataDigest;
  }

  Report report(List<Layer> layers, double seconds) {
    long parameters = plan.model().parameters();
    long pruned = state.masks.size() - state.masks.kept();
    ExportResult exported = state.exported;
    Optional<BenchRow> worst =
        state.bench.stream().min(Comparator.comparingDouble(BenchRow::speedup));
    TrainBench trainBench = state.trainBench;
    List<Report.LayerRow> rows = rows(layers);
    Report.Flops flops = state.ledger.flops(plan.model().layers(), state.masks);
    Report report =
        new Report(
            loaded.name(),
            Map.copyOf(state.scores),
            state.masks.sparsity(),
            pruned / (double) parameters,
            parameters - pruned,
            exported == null ? parameters * Float.BYTES : exported.bytesDense(),
            exported == null ? null : exported.bytesSparse(),
            worst.map(BenchRow::latencyDenseMs).orElse(null),
            worst.map(BenchRow::latencySparseMs).orElse(null),
            worst.map(BenchRow::speedup).orElse(null),
            exported == null ? null : exported.maxAbsError(),
            trainBench == null ? null : trainBench.ratio(),
            flops.forwardRatio(),
            flops.trainingDense() == 0 ? null : flops.training() / flops.trainingDense(),
            state.ledger.everActive(state.masks),
            flops,
            Machine.cpu(),
            worst.map(BenchRow::threads).orElse(loaded.recipe().threads()),
            loaded.recipe().seed(),
            exported == null ? null : folder.target().resolve(state.exportedTo).toString(),
            List.copyOf(state.bench),
            trainBench,
            List.of(),
            rows,
            notes(rows),
            List.copyOf(state.curve),
            state.ledger.updates(),
            folder.target().toString(),
            loaded.hash(),
            dataDigest,
            versions(),
            seconds,
            Machine.peakMemoryBytes());
    return judged(report);
  }

  private List<Report.LayerRow> rows(List<Layer> layers) {
    Map<String, LayerReport> kernels = new LinkedHashMap<>();
    ExportResult exported = state.exported;
    if (exported != null) {
      exported.layers().forEach(l -> kernels.put(l.layer(), l));
    }
    Map<String, String> excluded = new LinkedHashMap<>();
    plan.steps()
        .forEach(
            s ->
                s.targets()
                    .forEach(t -> t.excluded().forEach(e -> excluded.put(e.name(), e.reason()))));
    List<Report.LayerRow> rows = new ArrayList<>();
    for (Layer layer : layers) {
      Mask mask = state.masks.byLayer().get(layer.name());
      int size = layer.geometry().size();
      int kept = mask == null ? size : mask.kept();
      LayerReport kernel = kernels.get(layer.name());
      String why =
          mask == null ? "not pruned: " + excluded.getOrDefault(layer.name(), "not selected") : "";
      if (kernel != null) {
        why = (why.isEmpty() ? "" : why + "; ") + kernel.reason();
      }
      LayerOutcome outcome = state.outcomes.get(layer.name());
      boolean measured = outcome != null && !Double.isNaN(outcome.errorAfter());
      rows.add(
          new Report.LayerRow(
              layer.name(),
              layer.type().name().toLowerCase(Locale.ROOT),
              size,
              kept,
              kept / (double) size,
              kernel == null ? "" : kernel.kernel(),
              why,
              outcome != null && measured ? outcome.errorBefore() : null,
              outcome != null && measured ? outcome.errorAfter() : null));
    }
    return rows;
  }

  private List<String> notes(List<Report.LayerRow> rows) {
    List<String> notes = new ArrayList<>(state.notes);
    if (state.exported != null && !OneDnn.loaded()) {
      notes.add(OneDnn.status());
    }
    for (Report.LayerRow row : rows) {
      if (row.kept() == row.weights()) {
        notes.add("layer %s: %s".formatted(row.name(), row.reason()));
      } else if (Stream.of(row.kernel().split("/")).allMatch(KernelChoice.DENSE::contains)) {
        notes.add("layer %s runs dense: %s".formatted(row.name(), row.reason()));
      }
    }
    state.bench.stream()
        .filter(b -> b.kernels().equals("java"))
        .findFirst()
        .ifPresent(b -> notes.add("the native kernels were not there; Java kernels were measured"));
    state.bench.stream()
        .filter(b -> b.speedup() < 1)
        .forEach(
            b ->
                notes.add(
                    "batch %d with %d threads is slower than dense"
                        .formatted(b.batch(), b.threads())));
    for (BenchRow row : state.bench) {
      state.bench.stream()
          .filter(b -> b.batch() == row.batch() && b.threads() < row.threads())
          .filter(b -> row.latencyDenseMs() > 1.5 * b.latencyDenseMs())
          .findFirst()
          .ifPresent(
              b ->
                  notes.add(
                      "batch %d: dense is slower with %d threads than with %d; the machine was busy"
                          .formatted(row.batch(), row.threads(), b.threads())));
    }
    return notes;
  }

  private static Map<String, String> versions() {
    Map<String, String> versions = new TreeMap<>();
    versions.put("sparseland", version(Reporter.class));
    versions.put("djl", Engine.getDjlVersion());
    versions.put("pytorch", Engine.getEngine("PyTorch").getVersion());
    versions.put("java", Runtime.version().toString());
    return versions;
  }

  private static String version(Class<?> type) {
    return Optional.ofNullable(type.getPackage().getImplementationVersion()).orElse("development");
  }

  private Report judged(Report r) {
    Expect e = loaded.recipe().expect();
    List<Report.Expected> all = new ArrayList<>();
    Double ratio = r.bytesSparse() == null ? null : r.bytesSparse() / (double) r.bytesDense();
    judge(all, "accuracy", e.accuracy(), r.scores().get("accuracy"), 0);
    judge(all, "perplexity", e.perplexity(), r.scores().get("perplexity"), 0);
    judge(all, "masked_loss", e.maskedLoss(), r.scores().get("masked_loss"), 0);
    judge(all, "spearman", e.spearman(), r.scores().get("spearman"), 0);
    judge(all, "sparsity", e.sparsity(), r.sparsity(), state.forgiven + 1e-9);
    judge(all, "sparsity_model", e.sparsityModel(), r.sparsityModel(), state.forgiven + 1e-9);
    judge(all, "nonzeros", e.nonzeros(), (double) r.nonzeros(), 0);
    judge(all, "speedup", e.speedup(), r.speedup(), 0);
    judge(all, "latency_sparse_ms", e.latencySparseMs(), r.latencySparseMs(), 0);
    judge(all, "max_abs_error", e.maxAbsError(), r.maxAbsError(), 0);
    judge(all, "bytes_ratio", e.bytesRatio(), ratio, 0);
    judge(all, "train_step_ratio", e.trainStepRatio(), r.trainStepRatio(), 0);
    return r.judged(all);
  }

  private static void judge(
      List<Report.Expected> all,
      String key,
      Optional<Comparison> wanted,
      @Nullable Double found,
      double forgiven) {
    wanted.ifPresent(
        w ->
            all.add(
                new Report.Expected(
                    key, w.toString(), found, found != null && w.holds(found, forgiven))));
  }
}

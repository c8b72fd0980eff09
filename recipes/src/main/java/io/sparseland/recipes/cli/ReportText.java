// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.plan.PlanText;
import io.sparseland.recipes.run.BenchRow;
import io.sparseland.recipes.run.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A report for people. */
final class ReportText {

  private final List<String> lines = new ArrayList<>();

  private ReportText() {}

  static String of(Report report) {
    ReportText text = new ReportText();
    text.figures(report);
    text.bench(report.bench());
    text.notes(report.notes());
    for (Report.Expected e : report.expect()) {
      text.line("expect %-16s %-10s %s", e.key(), e.wanted(), e.met() ? "met" : "NOT MET");
    }
    if (report.model() != null) {
      text.line("model   %s", report.model());
    }
    text.line("report  %s/report.html", report.run());
    return String.join("\n", text.lines);
  }

  private void figures(Report r) {
    line("%s: done in %.0f s (seed %d, %s)", r.name(), r.seconds(), r.seed(), r.cpu());
    r.scores().forEach((name, value) -> line("%-15s %.4f", name, value));
    line(
        "sparsity        %.4f of the selected layers, %.4f of the model",
        r.sparsity(), r.sparsityModel());
    line("nonzeros        %,d", r.nonzeros());
    line("FLOPs           %.4f of the dense model", r.flopsRatio());
    if (r.trainFlopsRatio() != null) {
      line(
          "training FLOPs  %.4f of dense training; %.4f of the weights were kept at some time",
          r.trainFlopsRatio(), r.everActive());
    }
    if (r.bytesSparse() != null) {
      line(
          "size            %s, dense %s (%.3f)",
          PlanText.bytes(r.bytesSparse()),
          PlanText.bytes(r.bytesDense()),
          r.bytesSparse() / (double) r.bytesDense());
    }
    if (r.maxAbsError() != null) {
      line("max abs error   %.2e against the DJL model", r.maxAbsError());
    }
    if (r.speedup() != null) {
      line("speedup         %.2f (worst row)", r.speedup());
    }
    if (r.trainStepRatio() != null) {
      line("training step   %.3f of the plain one", r.trainStepRatio());
    }
  }

  void bench(List<BenchRow> rows) {
    if (!rows.isEmpty()) {
      line(
          "  %5s %8s %20s %20s %8s %s",
          "batch", "threads", "dense ms (spread)", "sparse ms (spread)", "speedup", "kernels");
    }
    for (BenchRow row : rows) {
      line(
          "  %5d %8d %20s %20s %8.2f %s",
          row.batch(),
          row.threads(),
          String.format(Locale.ROOT, "%.4f (%.4f)", row.latencyDenseMs(), row.spreadDenseMs()),
          String.format(Locale.ROOT, "%.4f (%.4f)", row.latencySparseMs(), row.spreadSparseMs()),
          row.speedup(),
          row.kernels());
    }
  }

  private void notes(List<String> notes) {
    notes.forEach(note -> line("note: %s", note));
  }

  private void line(String format, Object... values) {
    lines.add(String.format(Locale.ROOT, format, values));
  }

  static String of(List<BenchRow> rows) {
    ReportText text = new ReportText();
    text.bench(rows);
    return String.join("\n", text.lines);
  }
}

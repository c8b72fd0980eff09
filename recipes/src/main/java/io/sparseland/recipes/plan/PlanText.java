// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import io.sparseland.recipes.plan.Plan.StepPlan;
import io.sparseland.recipes.plan.Plan.TargetPlan;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A plan for people. */
public final class PlanText {

  private final StringBuilder out = new StringBuilder();

  private PlanText() {}

  /** The plan as text, lines ended. */
  public static String of(Plan plan) {
    PlanText text = new PlanText();
    text.head(plan);
    for (int i = 0; i < plan.steps().size(); i++) {
      text.step(i, plan.steps().get(i));
    }
    text.costs(plan);
    text.line(
        "in all: about %s, about %s of memory", time(plan.seconds()), bytes(plan.memoryBytes()));
    return text.out.toString();
  }

  private void costs(Plan plan) {
    if (plan.costs().isEmpty()) {
      return;
    }
    line("  %-28s %14s %10s", "pruning takes, at most", "memory", "time");
    for (Plan.LayerCost cost : plan.costs()) {
      line(
          "  %-28s %14s %10s",
          cost.name(), bytes(cost.bytes()), String.format(Locale.ROOT, "%.2f s", cost.seconds()));
    }
  }

  private void head(Plan plan) {
    line("plan of %s (seed %d, %d training threads)", plan.name(), plan.seed(), plan.threads());
    line(
        "data: %,d training and %,d test examples of %s, batch %d (%s)",
        plan.data().train(),
        plan.data().test(),
        sizes(plan.data().example()),
        plan.data().batch(),
        plan.data().note());
    line(
        "model: %,d parameters, %s as fp32, %,d FLOPs per example",
        plan.model().parameters(), bytes(plan.model().bytes()), plan.model().flops());
    line("  %-28s %-12s %-14s %12s %14s", "layer", "type", "[out, in]", "weights", "FLOPs");
    for (Plan.LayerFacts layer : plan.model().layers()) {
      line(
          "  %-28s %-12s %-14s %,12d %,14d",
          layer.name(), layer.type(), layer.shape(), layer.weights(), layer.flops());
    }
  }

  private void step(int index, StepPlan step) {
    line("step %d: %s, %s (about %s)", index, step.step(), step.what(), time(step.seconds()));
    step.targets().forEach(this::target);
  }

  private void target(TargetPlan target) {
    line(
        "  %s: sparsity %s, allocation %s, pattern %s",
        target.kind(), number(target.sparsity()), target.allocation(), target.pattern());
    line("    %-26s %12s %12s %10s", "layer", "weights", "kept", "density");
    for (Plan.LayerPlan layer : target.layers()) {
      String kept = layer.kept() < 0 ? "by score" : String.format(Locale.ROOT, "%,d", layer.kept());
      String density = layer.kept() < 0 ? "" : String.format(Locale.ROOT, "%.6f", layer.density());
      line("    %-26s %,12d %12s %10s", layer.name(), layer.weights(), kept, density);
    }
    line(
        "    %-26s %,12d %,12d %10.6f",
        "together",
        target.weights(),
        target.kept(),
        target.kept() / (double) Math.max(1, target.weights()));
    line("    FLOPs per example in these layers, sparse: %,d", target.flops());
    for (Plan.ExcludedLayer layer : target.excluded()) {
      line("    not pruned: %s (%s)", layer.name(), layer.reason());
    }
    if (!target.schedule().isEmpty()) {
      line(
          "    masks change %s times; sparsity by step: %s",
          target.updates() < 0 ? "many" : Long.toString(target.updates()),
          target.schedule().stream()
              .map(p -> p.step() + ": " + number(p.sparsity()))
              .collect(Collectors.joining(", ")));
    }
  }

  private void line(String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value).replaceFirst("0{1,3}$", "");
  }

  private static String sizes(List<Integer> sizes) {
    return sizes.stream().map(String::valueOf).collect(Collectors.joining("x"));
  }

  private static String time(double seconds) {
    return seconds < 90
        ? String.format(Locale.ROOT, "%.0f s", Math.max(1, seconds))
        : seconds < 5400
            ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
            : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
  }

  /** {@code 1.5 MiB}. */
  public static String bytes(long bytes) {
    return bytes < 1 << 20
        ? String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0)
        : bytes < 1L << 30
            ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20))
            : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Model;
import io.sparseland.core.Allocation;
import io.sparseland.core.Criterion;
import io.sparseland.core.Geometry;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.SparseEvolution;
import io.sparseland.schedulers.dynamic.SparseMomentum;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Not a test: how long a topology update takes on one layer at 90 % sparsity, drop fraction 0.3.
 *
 * <pre>{@code TopologyTimes OUTPUTS INPUTS}</pre>
 */
final class TopologyTimes {

  private TopologyTimes() {}

  /** Prints medians over 40 updates: time that passed, and time of the processor. */
  public static void main(String[] args) {
    Geometry layer = Geometry.linear(Integer.parseInt(args[0]), Integer.parseInt(args[1]));
    Trigger always = Trigger.every(1);
    Map<String, SparsityMethod> methods = new LinkedHashMap<>();
    methods.put("set", new SparseEvolution(step -> 0.3, always));
    methods.put("rigl", new RigL(step -> 0.3, always));
    methods.put("snfs", new SparseMomentum(step -> 0.3, always));
    methods.forEach(
        (name, method) -> {
          Timed timed = new Timed(method);
          train(timed, layer);
          System.out.printf(
              Locale.ROOT,
              "%s weights=%d median_ms=%.1f cpu_ms=%.1f%n",
              name,
              layer.size(),
              median(timed.passed),
              median(timed.spent));
        });
  }

  private static void train(SparsityMethod method, Geometry layer) {
    try (Model model = Nets.mlp(1, layer.in(), layer.out(), 10)) {
      Sparsity sparsity = Sparsity.of(method).at(0.9, Allocation.uniform());
      TrainPlan plan =
          new TrainPlan(new OptimizerSettings.Sgd(0.01, 0.9, 0), 1, 8, 1, List.of(sparsity));
      TrainLoop.run(model, Nets.blobs(40 * 8, layer.in(), 10, 1), plan, TrainHooks.none());
    }
  }

  private static double median(List<Double> times) {
    Collections.sort(times);
    return times.get(times.size() / 2);
  }

  /** A method with a clock around its updater. */
  private static final class Timed implements SparsityMethod, Updater {

    private final SparsityMethod method;
    private final Updater updater;
    private final List<Double> passed = new ArrayList<>();
    private final List<Double> spent = new ArrayList<>();

    Timed(SparsityMethod method) {
      this.method = method;
      this.updater = method.updater();
    }

    @Override
    public Updater updater() {
      return this;
    }

    @Override
    public Criterion initial() {
      return method.initial();
    }

    @Override
    public Moment moment() {
      return updater.moment();
    }

    @Override
    public boolean due(long step) {
      return updater.due(step);
    }

    @Override
    public boolean insteadOfOptimizerStep() {
      return updater.insteadOfOptimizerStep();
    }

    @Override
    public Set<Statistic> needs() {
      return updater.needs();
    }

    @Override
    public boolean keepsSlots() {
      return updater.keepsSlots();
    }

    @Override
    public void update(UpdateContext context) {
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      long start = System.nanoTime();
      long cpu = threads.getCurrentThreadCpuTime();
      updater.update(context);
      spent.add((threads.getCurrentThreadCpuTime() - cpu) / 1e6);
      passed.add((System.nanoTime() - start) / 1e6);
    }
  }
}

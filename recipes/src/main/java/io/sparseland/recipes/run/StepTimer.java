// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import io.sparseland.core.Allocation;
import io.sparseland.core.Trigger;
import io.sparseland.models.files.OpenModel;
import io.sparseland.recipes.data.Samples;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.training.Examples;
import io.sparseland.training.OptimizerSettings;
import io.sparseland.training.Sparsity;
import io.sparseland.training.TrainHooks;
import io.sparseland.training.TrainLoop;
import io.sparseland.training.TrainPlan;
import io.sparseland.training.TrainProgress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Times a training step with masks against one without: fresh copies of the block are trained in
 * turns by the same loop, once dense, once with the methods of the recipe's first train step that
 * has any, else at 90 % with RigL changing masks every 100 steps.
 */
final class StepTimer {

  private static final int ROUNDS = 6;
  private static final int WARM_UP = 20;

  private final OpenModel source;
  private final Samples train;
  private final OptimizerSettings optimizer;
  private final int batch;
  private final Supplier<List<Sparsity>> methods;
  private final Watcher watcher;

  /** What is trained, and by which steps. */
  record Setting(OpenModel source, Samples train, OptimizerSettings optimizer, int batch) {}

  StepTimer(Setting setting, Supplier<List<Sparsity>> methods, Watcher watcher) {
    this.source = setting.source;
    this.train = setting.train;
    this.optimizer = setting.optimizer;
    this.batch = setting.batch;
    this.methods = methods;
    this.watcher = watcher;
  }

  /** About {@code steps} steps of each kind. */
  TrainBench run(int steps, int threads) throws IOException {
    int perRound = Math.max(1, steps / ROUNDS);
    List<Double> plain = new ArrayList<>();
    List<Double> masked = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      watcher.progress(round, ROUNDS, "training steps");
      plain.addAll(times(perRound, List.of()));
      masked.addAll(times(perRound, methods.get()));
    }
    Quartiles p = Quartiles.of(plain.stream().mapToDouble(d -> d).toArray());
    Quartiles m = Quartiles.of(masked.stream().mapToDouble(d -> d).toArray());
    return new TrainBench(
        batch, threads, p.median(), m.median(), m.median() / p.median(), plain.size());
  }

  /** What is timed where the recipe has no method. */
  static List<Sparsity> rigl() {
    Sparsity rigl =
        Sparsity.of(new RigL(Cosine.decay(0.3, 1_000_000), Trigger.every(100)))
        .at(0.9, Allocation.erk());
    return List.of(rigl);
  }

  private List<Double> times(int steps, List<Sparsity> sparsity) throws IOException {
    List<Double> times = new ArrayList<>();
    try (Model model = Model.newInstance("step", "PyTorch")) {
      model.setBlock(source.outline()); // time does not depend on the numbers
      TrainPlan plan = new TrainPlan(optimizer, epochs(steps + WARM_UP), batch, 1, sparsity);
      TrainLoop.run(model, train(), plan, new Clocked(times, steps));
    }
    return times;
  }

  private Examples train() {
    return train.examples();
  }

  private int epochs(int steps) {
    long perEpoch = TrainPlan.stepsPerEpoch(train.size(), batch);
    return Math.toIntExact(Math.max(1, (steps + perEpoch - 1) / perEpoch));
  }

  /** Notes the time between the ends of two steps. */
  private final class Clocked implements TrainHooks {
    private final List<Double> times;
    private final int wanted;
    private long last;

    Clocked(List<Double> times, int wanted) {
      this.times = times;
      this.wanted = wanted;
    }

    @Override
    public void progress(TrainProgress progress) {
      long now = System.nanoTime();
      if (progress.step() > WARM_UP) {
        times.add((now - last) / 1e6);
      }
      last = System.nanoTime();
    }

    @Override
    public boolean stop() {
      if (watcher.stop()) {
        throw new Interrupted();
      }
      return times.size() >= wanted;
    }
  }
}

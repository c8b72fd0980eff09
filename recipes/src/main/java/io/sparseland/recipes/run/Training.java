// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.SparsityMethod;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.TrainTarget;
import io.sparseland.recipes.data.LabelledData;
import io.sparseland.recipes.language.Applied;
import io.sparseland.recipes.language.Clock;
import io.sparseland.recipes.language.Deferred;
import io.sparseland.recipes.plan.Targets;
import io.sparseland.training.Examples;
import io.sparseland.training.Sparsity;
import io.sparseland.training.TrainHooks;
import io.sparseland.training.TrainLoop;
import io.sparseland.training.TrainPlan;
import io.sparseland.training.TrainProgress;
import io.sparseland.training.TrainResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The {@code train} step. */
final class Training {

  private static final int TEST_BATCH = 256;
  private static final int CURVE_POINTS = 100;

  private final Recipe recipe;
  private final Model model;
  private final LabelledData data;
  private final Runner.State state;
  private final Watcher watcher;
  private final RunLog log;

  Training(
      Recipe recipe,
      Model model,
      LabelledData data,
      Runner.State state,
      Watcher watcher,
      RunLog log) {
    this.recipe = recipe;
    this.model = model;
    this.data = data;
    this.state = state;
    this.watcher = watcher;
    this.log = log;
  }

  void run(Step.Train train) {
    watcher.phase("training");
    int batch = train.batch().orElse(recipe.data().batch());
    Examples examples = data.train().examples();
    Clock clock = Clock.of(TrainPlan.stepsPerEpoch(examples.size(), batch), train.epochs());
    TrainPlan plan =
        new TrainPlan(
            train.optimizer(), train.epochs(), batch, recipe.seed(), sparsity(train, clock));
    TrainResult result = TrainLoop.run(model, examples, plan, new Hooks(clock));
    if (result.stopped()) {
      throw new Interrupted();
    }
    state.masked(result.masks());
    double seen = (double) examples.size() * train.epochs();
    state.ledger.trained(result.work(), result.updates(), seen, result.steps());
    log.event(
        "trained",
        "steps",
        result.steps(),
        "loss",
        result.loss(),
        "mask_updates",
        result.updates().size());
  }

  /** The methods, and what holds the masks of earlier steps where no method works. */
  private List<Sparsity> sparsity(Step.Train train, Clock clock) {
    List<Sparsity> all = new ArrayList<>();
    Map<String, Mask> held = new LinkedHashMap<>(state.masks.byLayer());
    List<io.sparseland.core.Layer> layers =
        io.sparseland.core.Layers.of(
            model.getBlock(), new ai.djl.ndarray.types.Shape(2).addAll(data.train().item()));
    for (Deferred<Applied<SparsityMethod, TrainTarget>> deferred : train.sparsity()) {
      Applied<SparsityMethod, TrainTarget> method = deferred.at(clock);
      TrainTarget target = method.common();
      var selector = Targets.selector(target.on());
      all.add(
          Sparsity.of(method.value())
              .at(target.sparsity(), target.allocation())
              .pattern(target.pattern(selector.select(layers)))
              .initialised(target.init())
              .seed(recipe.seed())
              .on(selector));
      selector.select(layers).forEach(layer -> held.remove(layer.name()));
    }
    if (!held.isEmpty()) {
      all.add(Sparsity.holding(new Masks(held)));
    }
    return all;
  }

  /** Progress, the loss curve, and accuracy at the end of each epoch. */
  private final class Hooks implements TrainHooks {

    private final Clock clock;
    private final long offset;
    private final Examples test = data.test().examples();
    private double sum;
    private int count;

    Hooks(Clock clock) {
      this.clock = clock;
      this.offset = state.curve.isEmpty() ? 0 : state.curve.get(state.curve.size() - 1).step();
    }

    @Override
    public void progress(TrainProgress progress) {
      sum += progress.loss();
      count++;
      boolean epochEnds = progress.step() % clock.stepsPerEpoch() == 0;
      if (epochEnds || progress.step() % Math.max(1, clock.steps() / CURVE_POINTS) == 0) {
        Double accuracy = epochEnds ? TrainLoop.accuracy(model, test, TEST_BATCH) : null;
        state.curve.add(new Report.CurvePoint(offset + progress.step(), sum / count, accuracy));
        String note = String.format(Locale.ROOT, "loss %.4f", sum / count);
        if (accuracy != null) {
          note += String.format(Locale.ROOT, ", accuracy %.4f", accuracy);
          log.event("epoch", "step", progress.step(), "loss", sum / count, "accuracy", accuracy);
        }
        watcher.progress(progress.step(), progress.steps(), note);
        sum = 0;
        count = 0;
      }
    }

    @Override
    public boolean stop() {
      return watcher.stop();
    }
  }
}

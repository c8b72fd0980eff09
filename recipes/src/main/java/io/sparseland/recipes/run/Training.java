// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import io.sparseland.core.Layer;
import io.sparseland.core.Layers;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.graph.Tracer;
import io.sparseland.recipes.Distill;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.TrainTarget;
import io.sparseland.recipes.data.DataSet;
import io.sparseland.recipes.data.LabelledData;
import io.sparseland.recipes.language.Applied;
import io.sparseland.recipes.language.Clock;
import io.sparseland.recipes.language.Deferred;
import io.sparseland.recipes.plan.Targets;
import io.sparseland.training.Examples;
import io.sparseland.training.Objective;
import io.sparseland.training.Sparsity;
import io.sparseland.training.Stepping;
import io.sparseland.training.Teacher;
import io.sparseland.training.TrainHooks;
import io.sparseland.training.TrainLoop;
import io.sparseland.training.TrainPlan;
import io.sparseland.training.TrainProgress;
import io.sparseland.training.TrainResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The {@code train} step. */
final class Training {

  private static final int CURVE_POINTS = 100;

  private final Recipe recipe;
  private final Model model;
  private final DataSet data;
  private final Teachers teachers;
  private final Runner.State state;
  private final Watcher watcher;
  private final RunLog log;

  Training(Recipe recipe, Opened opened, Runner.State state, Shown shown) {
    this.recipe = recipe;
    this.model = opened.model();
    this.data = opened.data();
    this.teachers = opened.teachers();
    this.state = state;
    this.watcher = shown.watcher();
    this.log = shown.log();
  }

  void run(Step.Train train) throws IOException {
    watcher.phase("training");
    try (NDManager manager = model.getNDManager().newSubManager()) {
      Examples examples = examples(train, manager);
      Clock clock = clock(train, examples);
      run(train, examples, new Course(recipe.seed(), train.stepping(clock), hooks(clock)));
    }
  }

  /** The examples; sequences of many lengths come in batches of one length each. */
  private Examples examples(Step.Train train, NDManager manager) {
    return data instanceof LabelledData labelled
        ? labelled.train().examples()
        : Examples.ready(data.calibration(manager, data.calibrationSize(), asked(train)));
  }

  /**
   * What distinguishes one of several trainings by the same step.
   *
   * @param seed of the order of examples
   * @param stepping how steps are made
   * @param hooks what watches
   */
  record Course(long seed, Stepping stepping, TrainHooks hooks) {}

  Clock clock(Step.Train train, Examples examples) {
    return Clock.of(TrainPlan.stepsPerEpoch(examples.size(), batch(train)), train.epochs());
  }

  private int asked(Step.Train train) {
    return train.batch().orElse(recipe.data().batch());
  }

  /** Examples of a step as the loop counts them: a batch that is ready is one. */
  private int batch(Step.Train train) {
    return data instanceof LabelledData ? asked(train) : 1;
  }

  /** The curve and the progress of one training. */
  TrainHooks hooks(Clock clock) {
    return new Hooks(clock);
  }

  void run(Step.Train train, Examples examples, Course course) throws IOException {
    TrainPlan plan =
        new TrainPlan(
            train.optimizer(),
            train.epochs(),
            batch(train),
            course.seed(),
            sparsity(train, clock(train, examples)),
            course.stepping());
    TrainResult result = TrainLoop.run(model, examples, plan, objective(train), course.hooks());
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

  private Objective objective(Step.Train train) throws IOException {
    if (train.distill().isEmpty()) {
      return Objective.of(data.loss());
    }
    Distill distill = train.distill().get();
    return new Teacher(
        teachers.of(distill.teacher()), distill.views(layers()), distill.loss(data.loss()));
  }

  private List<Layer> layers() {
    return Layers.of(Tracer.trace(model.getBlock(), data.traced()));
  }

  /** The methods alone, as for a first step. */
  List<Sparsity> methods(Step.Train train) {
    long perEpoch = TrainPlan.stepsPerEpoch(((LabelledData) data).train().size(), batch(train));
    return methods(train, Clock.of(perEpoch, train.epochs()), new LinkedHashMap<>());
  }

  /** The methods, and what holds the masks of earlier steps where no method works. */
  private List<Sparsity> sparsity(Step.Train train, Clock clock) {
    Map<String, Mask> held = new LinkedHashMap<>(state.masks.byLayer());
    List<Sparsity> all = methods(train, clock, held);
    if (!held.isEmpty()) {
      all.add(Sparsity.holding(new Masks(held)));
    }
    return all;
  }

  private List<Sparsity> methods(Step.Train train, Clock clock, Map<String, Mask> held) {
    List<Sparsity> all = new ArrayList<>();
    List<Layer> layers = layers();
    for (Deferred<Applied<SparsityMethod, TrainTarget>> deferred : train.sparsity()) {
      Applied<SparsityMethod, TrainTarget> method = deferred.at(clock);
      TrainTarget target = method.common();
      var selector = Targets.selector(target.on());
      all.add(
          Sparsity.of(method.value())
              .at(target.share(method.value()), target.allocation())
              .pattern(target.pattern(selector.select(layers), method.value()))
              .initialised(target.init())
              .seed(recipe.seed())
              .on(selector));
      selector.select(layers).forEach(layer -> held.remove(layer.name()));
    }
    return all;
  }

  /** Progress, the loss curve, and the score at the end of each epoch. */
  private final class Hooks implements TrainHooks {

    private final Clock clock;
    private final long offset;
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
        Double score = epochEnds ? data.score(model) : null;
        String metric = recipe.data().metric();
        state.curve.add(
            new Report.CurvePoint(
                offset + progress.step(), sum / count, metric.equals("accuracy") ? score : null));
        String note = String.format(Locale.ROOT, "loss %.4f", sum / count);
        if (score != null) {
          note += String.format(Locale.ROOT, ", %s %.4f", metric, score);
          log.event("epoch", "step", progress.step(), "loss", sum / count, metric, score);
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

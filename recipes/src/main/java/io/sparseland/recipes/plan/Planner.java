// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import io.sparseland.core.AfterTraining;
import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.UnitPruning;
import io.sparseland.models.files.OpenModel;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.recipes.MemorySize;
import io.sparseland.recipes.PruneTarget;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.TrainTarget;
import io.sparseland.recipes.data.DataFacts;
import io.sparseland.recipes.data.DataFolders;
import io.sparseland.recipes.data.LabelledSource;
import io.sparseland.recipes.language.Applied;
import io.sparseland.recipes.language.Clock;
import io.sparseland.recipes.language.Deferred;
import io.sparseland.recipes.language.Mistakes;
import io.sparseland.recipes.language.RecipeException;
import io.sparseland.recipes.plan.Plan.LayerCost;
import io.sparseland.recipes.plan.Plan.StepPlan;
import io.sparseland.recipes.plan.Plan.TargetPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Makes plans: resolves layers, counts, costs; refuses what cannot work. */
public final class Planner {

  private final LoadedRecipe loaded;
  private final Recipe recipe;
  private final DataFacts data;
  private final Traced model;
  private final Costs costs;
  private final Mistakes mistakes = new Mistakes();
  private final Set<String> masked = new HashSet<>(); // layers that the steps so far make sparse
  private final List<LayerCost> layerCosts = new ArrayList<>();
  private boolean exported;

  private Planner(LoadedRecipe loaded, DataFacts data, Traced model) {
    this.loaded = loaded;
    this.recipe = loaded.recipe();
    this.data = data;
    this.model = model;
    this.costs = new Costs(recipe, data, model);
  }

  /**
   * Plans a recipe without reading its data.
   *
   * @param classes finds a user's own model
   * @throws RecipeException with everything in the recipe that does not fit the model
   * @throws IOException if the header of a data or model file cannot be read
   */
  public static Plan plan(LoadedRecipe loaded, DataFolders folders, ClassLoader classes)
      throws IOException {
    return plan(loaded, folders, loaded.recipe().model().open(folders, classes));
  }

  /** The same with the model already open. */
  public static Plan plan(LoadedRecipe loaded, DataFolders folders, OpenModel open)
      throws IOException {
    DataFacts data = loaded.recipe().data().facts(folders);
    try (Traced model = Traced.of(loaded, data, open)) {
      return new Planner(loaded, data, model).plan();
    }
  }

  private Plan plan() {
    List<StepPlan> steps = new ArrayList<>();
    for (int i = 0; i < recipe.steps().size(); i++) {
      StepPlan step = step(i, recipe.steps().get(i).step());
      steps.add(step);
      step.targets().forEach(t -> t.layers().forEach(layer -> masked.add(layer.name())));
    }
    if (mistakes.count() == 0
        && steps.stream()
            .flatMap(s -> s.targets().stream())
            .noneMatch(t -> t.kept() < t.weights() || t.sparsity() == 0)) { // 0 was asked for
      mistakes.add(
          loaded.place("steps"),
          "nothing is pruned by this recipe",
          "give a train step 'sparsity', or add a prune step, with a sparsity above 0");
    }
    Expectations.check(loaded, mistakes);
    mistakes.throwIfAny();
    double seconds = steps.stream().mapToDouble(StepPlan::seconds).sum() + 3;
    return new Plan(
        loaded.name(),
        loaded.hash(),
        recipe.seed(),
        recipe.threads(),
        new Plan.Data(
            data.example(), data.train(), data.test(), recipe.data().batch(), data.note()),
        model.facts(),
        List.copyOf(steps),
        memory(),
        seconds,
        List.copyOf(layerCosts));
  }

  private StepPlan step(int index, Step step) {
    boolean unlabelled = !(recipe.data() instanceof LabelledSource);
    boolean unlearnable =
        !recipe.data().trains()
            && step instanceof Step.Train train
            && train.distill().map(d -> d.own() > 0).orElse(true);
    if (unlearnable
        || (unlabelled && (step instanceof Step.Iterate || step instanceof Step.Bench))) {
      mistakes.add(
          loaded.place("steps", index),
          "'%s' needs labelled examples, this data has none".formatted(step.word()),
          "possible here: prune, evaluate, export, and train with 'distill'");
      return new StepPlan(step.word(), "impossible", 0, 0, List.of());
    }
    if (step instanceof Step.Train train) {
      return train(train);
    }
    if (step instanceof Step.Iterate iterate) {
      return iterate(iterate);
    }
    if (step instanceof Step.Unmask) {
      return new StepPlan("unmask", "all weights learn again", 0, 0, List.of());
    }
    if (step instanceof Step.Prune prune) {
      List<TargetPlan> targets = new ArrayList<>();
      attempt(prune.criterion(), () -> targets.add(target(prune)));
      sparseAlready(prune, targets);
      attempt(prune.criterion(), () -> layerCosts.addAll(costs(prune)));
      return new StepPlan("prune", what(prune), 0, 1 + costs.scanSeconds(prune), targets);
    }
    if (step instanceof Step.BatchNorm norms) {
      int samples = norms.samples();
      return new StepPlan(
          "batch_norm", samples + " examples", 0, costs.forwardSeconds(samples), List.of());
    }
    if (step instanceof Step.Export export) {
      exported = true;
      return new StepPlan("export", "to " + export.to(), 0, 1, List.of());
    }
    if (step instanceof Step.Bench bench) {
      if (!exported) {
        mistakes.add(loaded.place("steps", index), "'bench' needs an 'export' step before it", "");
      }
      return new StepPlan(
          "bench",
          "batches %s, threads %s%s"
              .formatted(
                  bench.batches(),
                  bench.threads(),
                  bench.trainSteps() > 0 ? ", " + bench.trainSteps() + " training steps" : ""),
          0,
          costs.benchSeconds(bench),
          List.of());
    }
    return new StepPlan(
        "evaluate", data.test() + " examples", 0, costs.evaluateSeconds(), List.of());
  }

  private StepPlan iterate(Step.Iterate iterate) {
    StepPlan first = train(iterate.train());
    StepPlan again = train(iterate.again());
    List<TargetPlan> targets = new ArrayList<>();
    attempt(iterate.prune().criterion(), () -> targets.add(target(iterate.prune())));
    long members = iterate.soup().map(Step.Iterate.Soup::members).orElse(1);
    long trainings = (long) iterate.rounds() * members;
    return new StepPlan(
        "iterate",
        "%s; then %d times: %s, %d retrainings of %s"
            .formatted(
                first.what(), iterate.rounds(), what(iterate.prune()), members, again.what()),
        first.optimizerSteps() + trainings * again.optimizerSteps(),
        first.seconds() + trainings * again.seconds(),
        targets);
  }

  private StepPlan train(Step.Train train) {
    int batch = train.batch().orElse(recipe.data().batch());
    long perEpoch = (data.train() + batch - 1) / batch;
    Clock clock = perEpoch == 0 ? Clock.unknown() : Clock.of(perEpoch, train.epochs());
    try {
      train.stepping(clock);
    } catch (RecipeException e) {
      e.mistakes().forEach(m -> mistakes.add(m.place(), m.message(), m.hint()));
    }
    List<TargetPlan> targets = new ArrayList<>();
    Map<String, String> taken = new HashMap<>();
    for (Deferred<Applied<SparsityMethod, TrainTarget>> deferred : train.sparsity()) {
      Applied<SparsityMethod, TrainTarget> method;
      try {
        method = deferred.at(clock);
      } catch (RecipeException e) {
        e.mistakes().forEach(m -> mistakes.add(m.place(), m.message(), m.hint()));
        continue;
      }
      attempt(
          method,
          () -> {
            TargetPlan target = target(method, clock);
            targets.add(target);
            overlap(method, target, taken);
          });
    }
    return new StepPlan(
        "train",
        "%d epochs of %s steps, batch %d, %s%s"
            .formatted(
                train.epochs(),
                perEpoch == 0 ? "as many as the data makes" : perEpoch,
                batch,
                train.optimizer(),
                train.distill().map(d -> ", learning from " + d.teacher()).orElse("")),
        perEpoch * train.epochs(),
        costs.trainSeconds(train, perEpoch * train.epochs()),
        targets);
  }

  /** Two methods of one step must not write one weight. */
  private void overlap(Applied<?, ?> method, TargetPlan target, Map<String, String> taken) {
    for (Plan.LayerPlan layer : target.layers()) {
      String other = taken.putIfAbsent(layer.name(), method.kind());
      if (other != null) {
        mistakes.add(
            method.place(),
            "'%s' and '%s' both work on layer '%s'".formatted(other, method.kind(), layer.name()),
            "keep them apart with 'on'");
      }
    }
  }

  private TargetPlan target(Applied<SparsityMethod, TrainTarget> method, Clock clock) {
    TrainTarget target = method.common();
    double share = target.share(method.value());
    Pattern pattern =
        target.pattern(Targets.selector(target.on()).select(model.layers()), method.value());
    Targets.selector(target.on())
        .select(model.layers())
        .forEach(layer -> check(method.value(), layer, pattern));
    Targets.Resolved resolved =
        Targets.resolve(
            model.layers(),
            target.on(),
            share,
            target.allocation(),
            pattern,
            method.value().initial().comparedWithin());
    return Targets.plan(
        method.kind(),
        share,
        pattern.text(),
        resolved,
        model,
        Schedules.updates(method.value(), clock),
        Schedules.points(method.value(), share, clock));
  }

  private static void check(SparsityMethod method, Layer layer, Pattern pattern) {
    try {
      method.check(layer, pattern);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("layer '" + layer.name() + "': " + e.getMessage(), e);
    }
  }

  private List<LayerCost> costs(Step.Prune prune) {
    List<Layer> selected = Targets.selector(prune.criterion().common().on()).select(model.layers());
    AfterTraining method = prune.method(selected, recipe.seed(), model.uses());
    return costs.layers(prune, selected, method);
  }

  /** The estimate; more than the recipe allows is a mistake. */
  private long memory() {
    long pruning = layerCosts.stream().mapToLong(LayerCost::bytes).max().orElse(0);
    long needed = costs.memoryBytes(pruning);
    long allowed = recipe.memory().map(MemorySize::bytes).orElse(Long.MAX_VALUE);
    if (needed > allowed) {
      mistakes.add(
          loaded.place("memory"),
          "the run takes about %s of memory, %s are allowed"
              .formatted(PlanText.bytes(needed), PlanText.bytes(allowed)),
          "allow more, or calibrate on fewer samples ('calibrate: {samples: N}') or in smaller"
              + " batches ('batch: N')");
      mistakes.throwIfAny();
    }
    return needed;
  }

  /** Zeros of earlier steps must be spoken of. */
  private void sparseAlready(Step.Prune prune, List<TargetPlan> targets) {
    for (TargetPlan target : targets) {
      target.layers().stream()
          .filter(layer -> masked.contains(layer.name()) && prune.masks().isEmpty())
          .findFirst()
          .ifPresent(
              layer ->
                  mistakes.add(
                      prune.criterion().place(),
                      "layer '%s' is sparse already, made so by an earlier step"
                          .formatted(layer.name()),
                      "say what becomes of its zeros: masks: inherit, extend, fresh or freeze"));
    }
  }

  private static String what(Step.Prune prune) {
    boolean data = !prune.criterion().value().needs().isEmpty() || !prune.reconstruct().isEmpty();
    String then = prune.reconstruct().isEmpty() ? "" : ", then " + join(prune.reconstruct());
    return prune.criterion().kind()
        + then
        + (data ? ", calibrated on " + prune.calibrate().samples() + " examples" : "");
  }

  private static String join(List<Reconstruction> reconstructions) {
    return reconstructions.stream().map(Object::toString).collect(Collectors.joining(", then "));
  }

  private TargetPlan target(Step.Prune prune) {
    Applied<Criterion, PruneTarget> criterion = prune.criterion();
    PruneTarget target = criterion.common();
    if (target.pattern().units()) {
      AfterTraining method = prune.method(List.of(), recipe.seed(), Map.of());
      boolean adaptive = method instanceof UnitPruning units && units.adaptive();
      return Targets.units(criterion.kind(), target, model, adaptive);
    }
    Pruner pruner =
        prune
            .oneShot(
                Targets.selector(target.on()).select(model.layers()), recipe.seed(), model.uses())
            .pruner();
    Targets.Resolved resolved =
        Targets.resolve(
            model.layers(),
            target.on(),
            target.share(),
            pruner.allocation(),
            pruner.pattern(),
            pruner.within());
    return Targets.plan(
        criterion.kind(), target.share(), pruner.pattern().text(), resolved, model, 1, List.of());
  }

  /** What core refuses is a mistake at the method's place. */
  private void attempt(Applied<?, ?> where, Runnable work) {
    try {
      work.run();
    } catch (IllegalArgumentException e) {
      mistakes.add(where.place(), "'" + where.kind() + "': " + e.getMessage());
    }
  }
}

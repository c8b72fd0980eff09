// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Scope;
import io.sparseland.core.Statistic;
import io.sparseland.recipes.PruneTarget;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.data.DataSet;
import io.sparseland.recipes.plan.Targets;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The {@code prune} step. */
final class Pruning {

  private final Recipe recipe;
  private final Model model;
  private final DataSet data;
  private final Runner.State state;

  Pruning(Recipe recipe, Model model, DataSet data, Runner.State state) {
    this.recipe = recipe;
    this.model = model;
    this.data = data;
    this.state = state;
  }

  void run(Step.Prune prune, List<Layer> layers) {
    PruneTarget target = prune.criterion().common();
    Criterion criterion = prune.criterion().value();
    List<Layer> selected = Targets.selector(target.on()).select(layers);
    Pattern pattern = target.pattern(selected);
    Pruner pruner =
        Pruner.of(criterion).with(target.allocation()).with(pattern).seeded(recipe.seed());
    if (target.scope().isPresent()) {
      pruner = pruner.within(target.scope().get());
    }
    Map<String, Mask> present = state.masks.byLayer();
    try (NDManager manager = model.getNDManager().newSubManager()) {
      Map<String, Evidence> evidence = evidence(prune, criterion, selected, manager);
      Map<Layer, Mask> masks =
          pruner.prune(
              selected,
              layer -> evidence.getOrDefault(layer.name(), Evidence.none()),
              target.share(),
              layer -> present.get(layer.name()));
      Masks made = Masks.of(masks);
      made.apply(selected);
      state.masked(made);
    }
    forgive(pattern, pruner.within(), selected);
  }

  private Map<String, Evidence> evidence(
      Step.Prune prune, Criterion criterion, List<Layer> layers, NDManager manager) {
    Set<Statistic> needs = criterion.needs();
    if (needs.stream().allMatch(s -> s == Statistic.UNIFORM)) {
      return Map.of();
    }
    int samples = Math.min(prune.calibrate().samples(), data.calibrationSize());
    if (samples < prune.calibrate().samples()) {
      state.notes.add("calibrated on all %d examples; more were asked for".formatted(samples));
    }
    List<Calibrator.Labelled> batches = data.calibration(manager, samples, recipe.data().batch());
    if (needs.contains(Statistic.GRADIENT)) {
      return Calibrator.collect(
          model.getBlock(), batches, Loss.softmaxCrossEntropyLoss(), needs, layers);
    }
    List<NDList> inputs = batches.stream().map(Calibrator.Labelled::data).toList();
    return Calibrator.collect(model.getBlock(), inputs, needs, layers);
  }

  /** The count rule rounds down once per comparison group; an expectation forgives that. */
  private void forgive(Pattern pattern, Scope scope, List<Layer> layers) {
    double groups = 0;
    double weights = 0;
    for (Layer layer : layers) {
      Scope within = scope == Scope.GLOBAL ? Scope.LAYER : scope;
      int units = pattern.units(layer.geometry());
      groups +=
          units
              / (double) pattern.groupUnits(layer.geometry(), within)
              * (layer.geometry().size() / (double) units);
      weights += layer.geometry().size();
    }
    state.forgiven = Math.max(state.forgiven, groups / weights);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerOutcome;
import io.sparseland.core.Layers;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.OneShot;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import io.sparseland.core.Statistic;
import io.sparseland.core.graph.Graph;
import io.sparseland.recipes.PruneTarget;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.data.DataSet;
import io.sparseland.recipes.plan.Targets;
import java.util.EnumSet;
import java.util.LinkedHashMap;
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

  void run(Step.Prune prune, Graph graph) {
    PruneTarget target = prune.criterion().common();
    List<Layer> selected = Targets.selector(target.on()).select(Layers.of(graph));
    OneShot shot = prune.oneShot(selected, recipe.seed());
    for (int round = 1; round <= prune.rounds(); round++) {
      round(prune, graph, selected, shot, prune.after(round));
    }
    forgive(target.pattern(selected), shot.pruner().within(), selected);
  }

  /** Prunes on to a sparsity; what is pruned already stays. */
  void further(Step.Prune prune, Graph graph, double sparsity) {
    PruneTarget target = prune.criterion().common();
    List<Layer> selected = Targets.selector(target.on()).select(Layers.of(graph));
    OneShot shot = prune.oneShot(selected, recipe.seed());
    round(prune, graph, selected, shot, sparsity);
    forgive(target.pattern(selected), shot.pruner().within(), selected);
  }

  private void round(
      Step.Prune prune, Graph graph, List<Layer> selected, OneShot shot, double sparsity) {
    Map<String, Mask> present = state.masks.byLayer();
    try (NDManager manager = model.getNDManager().newSubManager()) {
      List<Calibrator.Labelled> data = needsData(shot) ? batches(prune, manager) : List.of();
      Map<String, Evidence> before = before(shot, data, selected);
      List<Calibrator.Batch> batches =
          data.stream().map(b -> Calibrator.Batch.of(b.data())).toList();
      Map<Layer, LayerOutcome> outcomes =
          shot.run(graph, selected, batches, before, sparsity, layer -> present.get(layer.name()));
      Map<Layer, Mask> masks = new LinkedHashMap<>();
      outcomes.forEach(
          (layer, outcome) -> {
            masks.put(layer, outcome.mask());
            state.outcomes.put(layer.name(), outcome);
            state.notes.addAll(outcome.notes());
          });
      state.masked(Masks.of(masks));
    }
  }

  private static boolean needsData(OneShot shot) {
    return shot.needs().stream().anyMatch(s -> s != Statistic.UNIFORM);
  }

  private Map<String, Evidence> before(
      OneShot shot, List<Calibrator.Labelled> data, List<Layer> layers) {
    Set<Statistic> needs = EnumSet.noneOf(Statistic.class);
    needs.addAll(shot.needsBefore());
    needs.remove(Statistic.UNIFORM); // drawn, not measured
    if (needs.isEmpty()) {
      return Map.of();
    }
    Calibrator.Gradients gradients =
        Calibrator.Gradients.of(
            this.data.loss(),
            shot.pruner().criterion(),
            layer -> state.masks.byLayer().get(layer.name()));
    return Calibrator.collect(model.getBlock(), data, gradients, needs, layers);
  }

  private List<Calibrator.Labelled> batches(Step.Prune prune, NDManager manager) {
    int samples = Math.min(prune.calibrate().samples(), data.calibrationSize());
    if (samples < prune.calibrate().samples()) {
      state.notes.add("calibrated on all %d examples; more were asked for".formatted(samples));
    }
    int batch = prune.calibrate().batch().orElse(recipe.data().batch());
    return data.calibration(manager, samples, batch);
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

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import io.sparseland.core.AfterTraining;
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
    List<Layer> all = Targets.selector(target.on()).select(Layers.of(graph));
    SparseStart start = SparseStart.of(all, state.masks.byLayer(), prune.masks());
    List<Layer> selected = start.selected();
    state.masked(start.untouched());
    Map<String, Mask> present = start.present();
    AfterTraining shot = method(prune, graph, selected, present);
    for (int round = 1; round <= prune.rounds(); round++) {
      present = round(prune, graph, selected, shot, prune.after(round), present);
    }
    forgive(prune, graph, selected, shot);
  }

  private AfterTraining method(
      Step.Prune prune, Graph graph, List<Layer> selected, Map<String, Mask> present) {
    AfterTraining method = prune.method(selected, recipe.seed(), state.uses);
    if (!(method instanceof OneShot shot)) {
      return method;
    }
    try (NDManager manager = model.getNDManager().newSubManager()) {
      return new Sensitivities(graph, model.getBlock(), data.difference())
          .resolve(
              shot,
              selected,
              present,
              prune.criterion().common().share(),
              samples -> batches(prune, samples, manager));
    }
  }

  private void forgive(Step.Prune prune, Graph graph, List<Layer> selected, AfterTraining shot) {
    if (shot instanceof OneShot byWeight) {
      Pattern pattern = prune.criterion().common().pattern(selected);
      forgive(pattern, byWeight.pruner().within(), selected);
    } else {
      forgiveUnits(shot.measured(graph, selected), selected);
    }
  }

  /** Prunes on to a sparsity; what is pruned already stays. */
  void further(Step.Prune prune, Graph graph, double sparsity) {
    List<Layer> selected =
        Targets.selector(prune.criterion().common().on()).select(Layers.of(graph));
    AfterTraining shot = method(prune, graph, selected, state.masks.byLayer());
    round(prune, graph, selected, shot, sparsity, state.masks.byLayer());
    forgive(prune, graph, selected, shot);
  }

  private Map<String, Mask> round(
      Step.Prune prune,
      Graph graph,
      List<Layer> selected,
      AfterTraining shot,
      double sparsity,
      Map<String, Mask> present) {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      List<Calibrator.Labelled> data =
          needsData(shot) ? batches(prune, prune.calibrate().samples(), manager) : List.of();
      Map<String, Evidence> before = before(shot, data, shot.measured(graph, selected), present);
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
      Masks made = Masks.of(masks);
      state.masked(made);
      return made.byLayer();
    }
  }

  private static boolean needsData(AfterTraining shot) {
    return shot.needs().stream().anyMatch(s -> s != Statistic.UNIFORM);
  }

  private Map<String, Evidence> before(
      AfterTraining shot,
      List<Calibrator.Labelled> data,
      List<Layer> layers,
      Map<String, Mask> present) {
    Set<Statistic> needs = EnumSet.noneOf(Statistic.class);
    needs.addAll(shot.needsBefore());
    needs.remove(Statistic.UNIFORM); // drawn, not measured
    if (needs.isEmpty()) {
      return Map.of();
    }
    Calibrator.Gradients gradients =
        Calibrator.Gradients.of(
            this.data.loss(), shot.criterion(), layer -> present.get(layer.name()));
    return Calibrator.collect(model.getBlock(), data, gradients, needs, layers);
  }

  private List<Calibrator.Labelled> batches(Step.Prune prune, int wanted, NDManager manager) {
    int samples = Math.min(wanted, data.calibrationSize());
    if (samples < wanted) {
      state.notes.add("calibrated on all %d examples; more were asked for".formatted(samples));
    }
    int batch = prune.calibrate().batch().orElse(recipe.data().batch());
    return data.calibration(manager, samples, batch);
  }

  /** Every layer that reads units may keep one more than asked for, with all its weights. */
  private void forgiveUnits(List<Layer> readers, List<Layer> layers) {
    double weights = layers.stream().mapToDouble(l -> l.geometry().size()).sum();
    double shares =
        readers.stream()
            .mapToDouble(l -> l.geometry().size() / (double) Math.min(l.geometry().in(), 8))
            .sum();
    state.forgiven = Math.max(state.forgiven, shares / weights);
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

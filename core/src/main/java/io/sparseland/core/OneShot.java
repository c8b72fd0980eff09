// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Stage;
import io.sparseland.core.graph.Stages;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Prunes a trained model without training: scores or solves every layer, then lets the
 * reconstructions improve what stays, and writes masks' zeros and new weights into the model.
 *
 * @param pruner chooses
 * @param reconstructions in this order, each on the result of the one before
 * @param calibration how statistics are collected
 */
public record OneShot(
    Pruner pruner, List<Reconstruction> reconstructions, Calibration calibration) {

  /** Copies the list. */
  public OneShot {
    reconstructions = List.copyOf(reconstructions);
  }

  /** Statistics that layers must have before anything is pruned. */
  public Set<Statistic> needsBefore() {
    Set<Statistic> needs = EnumSet.noneOf(Statistic.class);
    if (calibration.order() == Calibration.Order.DENSE) {
      needs.addAll(needs());
    } else {
      if (pruner.allocation().needsScores()) {
        needs.addAll(pruner.criterion().needs());
      }
      needs().stream().filter(s -> !s.ofInputs()).forEach(needs::add);
    }
    return needs;
  }

  /** All statistics that it reads. */
  public Set<Statistic> needs() {
    Set<Statistic> needs = EnumSet.noneOf(Statistic.class);
    needs.addAll(pruner.criterion().needs());
    reconstructions.forEach(r -> needs.addAll(r.needs()));
    if (calibration.target() == Calibration.Target.DENSE) {
      needs.add(Statistic.INPUT_GRAM);
      needs.add(Statistic.WANTED_OUTPUT);
      needs.add(Statistic.WANTED_SQUARE);
    }
    return needs;
  }

  /**
   * Prunes. If a layer fails, those before it are pruned already.
   *
   * @param graph of the model
   * @param layers to prune, in forward order
   * @param batches calibration data; they stay the caller's
   * @param before by layer name, what {@link #needsBefore} names
   * @param sparsity share of the layers' weights to prune, 0 to 1
   * @param present the mask a layer has, or null for a dense one
   * @return outcomes by layer, in the layers' order
   */
  public Map<Layer, LayerOutcome> run(
      Graph graph,
      List<Layer> layers,
      List<Calibrator.Batch> batches,
      Map<String, Evidence> before,
      double sparsity,
      Function<Layer, @Nullable Mask> present) {
    long[] kept =
        pruner.kept(layers, l -> before.getOrDefault(l.name(), Evidence.none()), sparsity, present);
    Map<Layer, LayerOutcome> outcomes = new LinkedHashMap<>();
    LayerWriter writer = new LayerWriter(graph);
    if (calibration.order() == Calibration.Order.DENSE || needsNoInputs()) {
      for (int i = 0; i < kept.length; i++) {
        Layer layer = layers.get(i);
        Evidence evidence = before.getOrDefault(layer.name(), Evidence.none());
        outcomes.put(layer, prune(layer, evidence, kept[i], present.apply(layer), writer));
      }
      return outcomes;
    }
    Check.that(!batches.isEmpty(), "there is no calibration batch");
    Map<String, Integer> places = new LinkedHashMap<>();
    for (int i = 0; i < kept.length; i++) {
      places.put(layers.get(i).name(), i);
    }
    try (SequentialCalibration data =
        new SequentialCalibration(graph, layers, batches, calibration.target(), needs())) {
      for (Stage stage : Stages.of(graph, places.keySet())) {
        Map<Layer, Evidence> evidence = data.advance(stage);
        for (Map.Entry<Layer, Evidence> entry : evidence.entrySet()) {
          Layer layer = entry.getKey();
          int place = places.getOrDefault(layer.name(), 0);
          Evidence known = before.getOrDefault(layer.name(), Evidence.none());
          outcomes.put(
              layer,
              prune(
                  layer,
                  entry.getValue().orElse(known),
                  kept[place],
                  present.apply(layer),
                  writer));
        }
      }
    }
    Map<Layer, LayerOutcome> ordered = new LinkedHashMap<>();
    for (Layer layer : layers) {
      LayerOutcome outcome = outcomes.get(layer);
      Check.that(
          outcome != null, "layer %s is used by no linear layer or convolution", layer.name());
      if (outcome != null) {
        ordered.put(layer, outcome);
      }
    }
    return ordered;
  }

  private boolean needsNoInputs() {
    return needs().stream().noneMatch(Statistic::ofInputs);
  }

  private LayerOutcome prune(
      Layer layer, Evidence evidence, long kept, @Nullable Mask present, LayerWriter writer) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      if (calibration.target() == Calibration.Target.DENSE) {
        writer.write(layer, DenseTarget.weight(layer, evidence, calibration.damping()));
      }
      Solution found = pruner.solve(layer, evidence, kept, present);
      NDArray target = layer.weight().toType(DataType.FLOAT64, true);
      for (Reconstruction reconstruction : reconstructions) {
        found = reconstruction.rebuild(layer, found, evidence);
      }
      LayerError error = LayerError.of(layer, evidence, target);
      double before = error.of(Solution.of(found.mask(), target).masked());
      double after = error.of(found.masked());
      writer.write(layer, found);
      List<String> notes = new ArrayList<>(found.notes());
      return new LayerOutcome(found.mask(), before, after, notes);
    }
  }
}

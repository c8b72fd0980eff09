// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Stage;
import io.sparseland.core.graph.Stages;
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
public record OneShot(Pruner pruner, List<Reconstruction> reconstructions, Calibration calibration)
    implements AfterTraining {

  /** Copies the list. */
  public OneShot {
    reconstructions = List.copyOf(reconstructions);
  }

  @Override
  public Criterion criterion() {
    return pruner.criterion();
  }

  @Override
  public Set<Statistic> needsBefore() {
    boolean compares = pruner.allocation().needsScores();
    return needsBefore(needs(), compares ? pruner.criterion().needs() : Set.of(), calibration);
  }

  /**
   * What must be known before anything is pruned.
   *
   * @param needs everything that is read
   * @param scores what scores need that are compared across layers
   */
  static Set<Statistic> needsBefore(
      Set<Statistic> needs, Set<Statistic> scores, Calibration calibration) {
    if (calibration.order() == Calibration.Order.DENSE) {
      return needs;
    }
    Set<Statistic> before = EnumSet.noneOf(Statistic.class);
    before.addAll(scores);
    needs.stream().filter(s -> !s.ofInputs()).forEach(before::add);
    return before;
  }

  @Override
  public Set<Statistic> needs() {
    return needs(pruner.criterion(), reconstructions, calibration);
  }

  /** Everything that is read. */
  static Set<Statistic> needs(
      Criterion criterion, List<Reconstruction> reconstructions, Calibration calibration) {
    Set<Statistic> needs = EnumSet.noneOf(Statistic.class);
    needs.addAll(criterion.needs());
    reconstructions.forEach(r -> needs.addAll(r.needs()));
    if (calibration.target() == Calibration.Target.DENSE) {
      needs.add(Statistic.INPUT_GRAM);
      needs.add(Statistic.WANTED_OUTPUT);
      needs.add(Statistic.WANTED_SQUARE);
    }
    return needs;
  }

  @Override
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
    Rebuilding rebuilding = new Rebuilding(calibration, reconstructions, new LayerWriter(graph));
    if (calibration.order() == Calibration.Order.DENSE || needsNoInputs()) {
      for (int i = 0; i < kept.length; i++) {
        Layer layer = layers.get(i);
        Evidence evidence = before.getOrDefault(layer.name(), Evidence.none());
        outcomes.put(layer, prune(layer, evidence, kept[i], present.apply(layer), rebuilding));
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
                  rebuilding));
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
      Layer layer, Evidence evidence, long kept, @Nullable Mask present, Rebuilding rebuilding) {
    return rebuilding.prune(layer, evidence, () -> pruner.solve(layer, evidence, kept, present));
  }
}

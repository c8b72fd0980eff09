// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Turns scores into masks: allocation says how many weights of each layer stay, pattern and scope
 * say which compete.
 *
 * @param criterion scores, higher = keep
 * @param pattern how pruned weights are arranged
 * @param allocation how the sparsity is spread over layers
 * @param within which weights compete; {@link Scope#GLOBAL} exactly when the allocation compares
 *     scores
 * @param seed of the random numbers a criterion may ask for
 */
public record Pruner(
    Criterion criterion, Pattern pattern, Allocation allocation, Scope within, long seed) {

  /** Checks that scope, pattern and allocation go together. */
  public Pruner {
    Check.that(
        (within == Scope.GLOBAL) == allocation.comparesWeights(),
        "scope %s does not go with allocation %s, allowed: scope GLOBAL with a global allocation",
        within,
        allocation);
    Check.that(
        within != Scope.GLOBAL || pattern instanceof Pattern.Unstructured,
        "pattern %s does not go with a global allocation, allowed: unstructured",
        pattern.text());
  }

  /** Unstructured and uniform, compared as the criterion wants; seed 0. */
  public static Pruner of(Criterion criterion) {
    Scope scope = criterion.comparedWithin();
    Allocation allocation = scope == Scope.GLOBAL ? Allocation.global() : Allocation.uniform();
    return new Pruner(criterion, Pattern.unstructured(), allocation, scope, 0);
  }

  /** The same with another pattern; whole rows and channels compete within the layer. */
  public Pruner with(Pattern other) {
    Scope scope = other.spansRows() && within == Scope.ROW ? Scope.LAYER : within;
    return new Pruner(criterion, other, allocation, scope, seed);
  }

  /** The same with another allocation; a global one compares globally. */
  public Pruner with(Allocation other) {
    Scope own =
        criterion.comparedWithin() == Scope.GLOBAL ? Scope.LAYER : criterion.comparedWithin();
    Scope scope = other.comparesWeights() ? Scope.GLOBAL : within == Scope.GLOBAL ? own : within;
    return new Pruner(criterion, pattern, other, scope, seed);
  }

  /** The same with another scope; {@link Scope#GLOBAL} brings the global allocation. */
  public Pruner within(Scope other) {
    Allocation spread =
        (other == Scope.GLOBAL) == allocation.comparesWeights()
            ? allocation
            : other == Scope.GLOBAL ? Allocation.global() : Allocation.uniform();
    return new Pruner(criterion, pattern, spread, other, seed);
  }

  /** The same with another seed. */
  public Pruner seeded(long other) {
    return new Pruner(criterion, pattern, allocation, within, other);
  }

  /**
   * Masks for dense layers.
   *
   * @param evidence what is known of each layer; {@link Statistic#UNIFORM} is added from the seed
   * @param sparsity share of the layers' weights to prune, 0 to 1
   * @return masks in the layers' order; weights are not touched
   */
  public Map<Layer, Mask> prune(
      List<Layer> layers, Function<Layer, Evidence> evidence, double sparsity) {
    return prune(layers, evidence, sparsity, layer -> null);
  }

  /**
   * Masks that prune further: what a present mask has pruned stays pruned, and a layer already as
   * sparse as wanted keeps its mask.
   *
   * @param present the mask a layer has, or null for a dense one
   */
  public Map<Layer, Mask> prune(
      List<Layer> layers,
      Function<Layer, Evidence> evidence,
      double sparsity,
      Function<Layer, @Nullable Mask> present) {
    long[] kept = kept(layers, evidence, sparsity, present);
    Map<Layer, Mask> masks = new LinkedHashMap<>();
    for (int i = 0; i < kept.length; i++) { // one layer's arrays at a time
      Layer layer = layers.get(i);
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        Evidence known = evidence.apply(layer);
        masks.put(layer, solve(layer, known, kept[i], present.apply(layer)).mask());
      }
    }
    return masks;
  }

  private void check(List<Layer> layers, double sparsity) {
    Check.fraction("sparsity", sparsity);
    pattern
        .impliedSparsity()
        .ifPresent(
            most ->
                Check.that(
                    sparsity <= most + 1e-9,
                    "sparsity is %s, but pattern %s prunes %s at most",
                    sparsity,
                    pattern.text(),
                    most));
    for (Layer layer : layers) {
      try {
        pattern.check(layer.geometry());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("layer " + layer.name() + ": " + e.getMessage(), e);
      }
    }
  }

  /**
   * How many weights each layer keeps.
   *
   * @param present the mask a layer has, or null for a dense one
   */
  public long[] kept(
      List<Layer> layers,
      Function<Layer, Evidence> evidence,
      double sparsity,
      Function<Layer, @Nullable Mask> present) {
    check(layers, sparsity);
    List<LayerShape> shapes = LayerShape.of(layers);
    if (!allocation.needsScores()) {
      return allocation.kept(shapes, sparsity);
    }
    List<float[]> scores = new ArrayList<>();
    for (Layer layer : layers) {
      float[] own = scores(layer, evidence.apply(layer));
      Mask mask = present.apply(layer);
      if (mask != null) {
        mask.fillPruned(own, Float.NEGATIVE_INFINITY);
      }
      scores.add(own);
    }
    return allocation.kept(shapes, sparsity, scores);
  }

  /**
   * Prunes one layer. Call inside an NDScope: the solution's arrays belong to it.
   *
   * @param kept weights to keep
   */
  public Solution solve(Layer layer, Evidence evidence, long kept, @Nullable Mask present) {
    Scope scope = within == Scope.GLOBAL ? Scope.LAYER : within;
    Choice choice = new Choice(pattern, scope, kept, present);
    if (criterion instanceof Solver solver && (present == null || kept < present.kept())) {
      checkNeeds(layer, evidence);
      return solver.solve(layer, evidence, choice);
    }
    Mask mask = choice.byScore(scores(layer, evidence), layer.geometry());
    return Solution.of(mask, layer.weight().toType(DataType.FLOAT64, true));
  }

  private void checkNeeds(Layer layer, Evidence known) {
    for (Statistic statistic : criterion.needs()) {
      Check.that(
          statistic == Statistic.UNIFORM || known.available().contains(statistic),
          "layer %s: %s needs statistic %s, which was not collected",
          layer.name(),
          criterion,
          statistic);
    }
  }

  private float[] scores(Layer layer, Evidence evidence) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      checkNeeds(layer, evidence);
      boolean drawn = evidence.available().contains(Statistic.UNIFORM);
      return Scores.of(criterion, layer, drawn ? evidence : evidence.withUniform(layer, seed, 0));
    }
  }
}

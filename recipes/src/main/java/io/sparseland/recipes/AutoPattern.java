// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.recipes.language.Default;
import java.util.List;

/**
 * How {@code pattern: auto} chooses: of the allowed patterns that every selected layer takes, the
 * one with the smallest expected cost, the first of several equals. A layer costs the number of its
 * weights times the cheapest design's cost (dense ones too) at the sparsity asked for, by the
 * table. An N:M pattern is taken only if it prunes the share asked for. Accuracy has no part in it.
 *
 * @param profile the table
 * @param among the allowed patterns
 * @param type of weights that will be exported
 * @param batch examples or tokens at once
 */
public record AutoPattern(
    @Default("generic") CostTable profile,
    @Default("[unstructured, 4x1, 4x4, 16x1]") List<Pattern> among,
    @Default("fp32") WeightType type,
    @Default("32") int batch) {

  private static final double SAME_SHARE = 1e-9;

  /** Checks numbers. */
  public AutoPattern {
    among = List.copyOf(among);
    Checks.positive("batch", batch);
    if (among.isEmpty()) {
      throw new IllegalArgumentException("among is an empty list");
    }
  }

  /**
   * The pattern.
   *
   * @throws IllegalArgumentException if the layers take none of the allowed ones
   */
  Pattern choose(List<Layer> layers, double sparsity) {
    Pattern best = null;
    double least = Double.POSITIVE_INFINITY;
    for (Pattern pattern : among) {
      double cost = takes(pattern, layers, sparsity) ? cost(pattern, layers, sparsity) : least;
      if (cost < least) {
        best = pattern;
        least = cost;
      }
    }
    if (best == null) {
      throw new IllegalArgumentException(
          "pattern 'auto': the layers take none of %s at sparsity %s"
              .formatted(among.stream().map(Pattern::text).toList(), sparsity));
    }
    return best;
  }

  private static boolean takes(Pattern pattern, List<Layer> layers, double sparsity) {
    if (Math.abs(pattern.impliedSparsity().orElse(sparsity) - sparsity) > SAME_SHARE) {
      return false;
    }
    try {
      layers.forEach(layer -> pattern.check(layer.geometry()));
      return true;
    } catch (IllegalArgumentException e) {
      return false; // a size of some layer is not divisible
    }
  }

  private double cost(Pattern pattern, List<Layer> layers, double sparsity) {
    double sum = 0;
    for (Layer layer : layers) {
      Geometry geometry = layer.geometry();
      double cheapest =
          profile.costs(type, pattern.text(), batch, geometry.size(), sparsity).values().stream()
              .mapToDouble(cost -> cost)
              .min()
              .orElse(1);
      sum += geometry.size() * cheapest;
    }
    return sum;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * Spreads as another allocation does, at the smallest number of pruned weights that keeps the whole
 * within {@code (1 - sparsity)} of its dense cost.
 *
 * @param spread the other allocation; the more it prunes in all, the less its layers may cost
 * @param budget what costs
 * @param uses by layer name, how often one example uses each of the layer's weights; 1 if left out
 */
public record Budgeted(Allocation spread, Budget budget, Map<String, Double> uses)
    implements Allocation {

  /** Copies the map. */
  public Budgeted {
    uses = Map.copyOf(uses);
  }

  @Override
  public boolean needsScores() {
    return spread.needsScores();
  }

  @Override
  public boolean comparesWeights() {
    return spread.comparesWeights();
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    long total = Allocation.total(layers);
    return fitting(layers, sparsity, pruned -> spread.kept(layers, pruned / (double) total));
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity, List<float[]> scores) {
    long total = Allocation.total(layers);
    return fitting(
        layers, sparsity, pruned -> spread.kept(layers, pruned / (double) total, scores));
  }

  private long[] fitting(List<LayerShape> layers, double sparsity, LongFunction<long[]> spreading) {
    Check.fraction("sparsity", sparsity);
    double allowed =
        (1 - sparsity) * layers.stream().mapToDouble(l -> cost(l, l.size())).sum() * (1 + 1e-12);
    long[] dense = layers.stream().mapToLong(LayerShape::size).toArray();
    if (cost(layers, dense) <= allowed) {
      return spreading.apply(0);
    }
    long low = 1; // from here on more pruned weights cost less
    long high = Allocation.total(layers);
    while (low < high) { // the smallest that fits
      long middle = (low + high) >>> 1;
      if (cost(layers, spreading.apply(middle)) <= allowed) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    long[] kept = spreading.apply(high);
    Check.that(
        cost(layers, kept) <= allowed,
        "%s cannot be brought to %s of their dense value: everything pruned costs more",
        budget,
        1 - sparsity);
    return kept;
  }

  private double cost(List<LayerShape> layers, long[] kept) {
    double sum = 0;
    for (int l = 0; l < kept.length; l++) {
      sum += cost(layers.get(l), kept[l]);
    }
    return sum;
  }

  private double cost(LayerShape layer, long kept) {
    return budget.cost(layer, kept, uses.getOrDefault(layer.name(), 1.0));
  }
}

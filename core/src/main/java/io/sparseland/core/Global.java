// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.BitSet;
import java.util.List;

/**
 * The {@code floor(s N)} lowest scores of all layers together go; equal scores: the earlier layer
 * first, then the lower index.
 *
 * @param atLeast weights every layer keeps whatever their scores; 0 lets a layer vanish
 */
public record Global(int atLeast) implements Allocation {

  /** Checks the floor. */
  public Global {
    Check.that(atLeast >= 0, "atLeast is %d, allowed: 0 or more", atLeast);
  }

  @Override
  public boolean needsScores() {
    return true;
  }

  @Override
  public boolean comparesWeights() {
    return true;
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    throw new IllegalArgumentException(
        "a global allocation compares scores, so its counts are known only when layers are scored");
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity, List<float[]> scores) {
    long total = Allocation.total(layers);
    long pruned = Counts.pruned(sparsity, total);
    for (int l = 0; l < layers.size(); l++) {
      check(layers.get(l), scores.get(l));
    }
    long[] free = Ranking.keptOfEach(scores, pruned);
    boolean enough = true;
    for (int l = 0; l < free.length; l++) {
      enough &= free[l] >= Math.min(atLeast, layers.get(l).size());
    }
    return enough ? free : protecting(layers, sparsity, scores);
  }

  private static void check(LayerShape layer, float[] scores) {
    Check.that(
        scores.length == layer.size(),
        "%d scores for %s of %d",
        scores.length,
        layer.name(),
        layer.size());
    for (int i = 0; i < scores.length; i++) {
      if (!(scores[i] < Float.POSITIVE_INFINITY)) { // NaN too
        throw new IllegalArgumentException(
            "score of %s at index %d is %s, allowed: finite numbers"
                .formatted(layer.name(), i, scores[i]));
      }
    }
  }

  /** The same where some layer would keep too little. */
  private long[] protecting(List<LayerShape> layers, double sparsity, List<float[]> scores) {
    long total = Allocation.total(layers);
    long pruned = Counts.pruned(sparsity, total);
    Check.that(total <= Integer.MAX_VALUE - 8, "%d weights are too many to compare", total);
    double[] all = new double[(int) total];
    int at = 0;
    for (int l = 0; l < layers.size(); l++) {
      float[] of = scores.get(l);
      int size = layers.get(l).size();
      for (int i = 0; i < size; i++) {
        all[at + i] = of[i];
      }
      at += size;
    }
    double[] scratch = new double[all.length];
    long room = total - protect(layers, all, scratch);
    Check.that(
        pruned <= room,
        "sparsity %s prunes %d of %d weights, but %d layers keep at least %d each",
        sparsity,
        pruned,
        total,
        layers.size(),
        atLeast);
    BitSet lowest = new BitSet(all.length);
    Ranking.lowest(all, 0, all.length, pruned, lowest, scratch);
    long[] kept = new long[layers.size()];
    at = 0;
    for (int l = 0; l < kept.length; l++) {
      int size = layers.get(l).size();
      kept[l] = (long) size - lowest.get(at, at + size).cardinality();
      at += size;
    }
    return kept;
  }

  /** Lifts the best scores of each layer above all others; returns how many. */
  private long protect(List<LayerShape> layers, double[] all, double[] scratch) {
    long count = 0;
    int at = 0;
    for (LayerShape layer : layers) {
      int size = layer.size();
      int floor = Math.min(atLeast, size);
      if (floor > 0) {
        BitSet others = new BitSet();
        Ranking.lowest(all, at, size, size - floor, others, scratch);
        for (int i = at; i < at + size; i++) {
          if (!others.get(i)) {
            all[i] = Double.POSITIVE_INFINITY;
          }
        }
      }
      count += floor;
      at += size;
    }
    return count;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/** Which units stay. */
public final class UnitBudget {

  private UnitBudget() {}

  /**
   * The {@code floor(sparsity · n)} units with the lowest scores go, the best one always stays;
   * equal scores: the lower unit goes first.
   *
   * @return the units kept
   */
  public static BitSet uniform(double[] scores, double sparsity) {
    long pruned = Math.min(Counts.pruned(sparsity, scores.length), scores.length - 1L);
    BitSet keep = new BitSet(scores.length);
    keep.set(0, scores.length);
    BitSet lowest = new BitSet(scores.length);
    Ranking.lowest(scores, 0, scores.length, pruned, lowest, new double[scores.length]);
    keep.andNot(lowest);
    return keep;
  }

  private record Unit(int layer, int unit, double score) {}

  /**
   * One budget for all: by descending score, as many units as bring the sum of costs closest to
   * {@code (1 - sparsity)} of all, the unit on the boundary kept where both are as close. The best
   * unit of every layer stays. Equal scores: the earlier layer goes first, then the lower unit.
   *
   * @param scores one array a layer
   * @param costs of one unit of each layer, in weights
   * @return the units kept, by layer
   * @see <a href="https://arxiv.org/abs/2312.11983">An et al. 2024, "Fluctuation-based adaptive
   *     structured pruning", section 3.3</a>
   */
  public static List<BitSet> adaptive(List<double[]> scores, double[] costs, double sparsity) {
    Check.fraction("sparsity", sparsity);
    List<Unit> units = new ArrayList<>();
    List<BitSet> keep = new ArrayList<>();
    double total = 0;
    double kept = 0;
    for (int l = 0; l < costs.length; l++) {
      double[] own = scores.get(l);
      int best = best(own);
      keep.add(new BitSet(own.length));
      keep.get(l).set(best);
      kept += costs[l];
      total += costs[l] * own.length;
      for (int u = 0; u < own.length; u++) {
        if (u != best) {
          units.add(new Unit(l, u, own[u]));
        }
      }
    }
    double target = (1 - sparsity) * total;
    units.sort(
        Comparator.comparingDouble(Unit::score)
            .thenComparingInt(Unit::layer)
            .thenComparingInt(Unit::unit)
            .reversed());
    int count = 0;
    double nearest = Math.abs(kept - target);
    double sum = kept;
    for (int i = 0; i < units.size(); i++) {
      sum += costs[units.get(i).layer()];
      double distance = Math.abs(sum - target);
      if (distance <= nearest + 1e-9 * total) {
        nearest = distance;
        count = i + 1;
      }
    }
    for (Unit unit : units.subList(0, count)) {
      keep.get(unit.layer()).set(unit.unit());
    }
    return keep;
  }

  private static int best(double[] scores) {
    int best = 0;
    for (int u = 1; u < scores.length; u++) {
      best = scores[u] >= scores[best] ? u : best;
    }
    return best;
  }
}

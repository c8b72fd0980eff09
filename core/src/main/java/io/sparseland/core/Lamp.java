// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.ArrayList;
import java.util.List;

/**
 * Layer-adaptive: the share a weight has among those of its layer that are not smaller, compared
 * over all layers.
 *
 * <p>With a layer's scores sorted ascending, {@code lamp(u) = s_u^2 / sum over v >= u of s_v^2};
 * the lowest of all layers go. The best weight of every layer has 1, so no layer is emptied, and
 * scaling a layer changes nothing. Suffix sums are added up from the large end in fp64.
 *
 * @see <a href="https://arxiv.org/abs/2010.07611">Lee et al. 2021, "Layer-adaptive sparsity for the
 *     magnitude-based pruning", eq. 2</a>
 */
public record Lamp() implements Allocation {

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    throw new IllegalArgumentException("allocation lamp needs scores");
  }

  @Override
  public boolean needsScores() {
    return true;
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity, List<float[]> scores) {
    List<float[]> shares = new ArrayList<>();
    for (float[] layer : scores) { // only counts are asked for, so where a share lies is no matter
      float[] sorted = layer.clone();
      Ranking.sort(sorted);
      share(sorted);
      shares.add(sorted);
    }
    return new Global(1).kept(layers, sparsity, shares);
  }

  /** Replaces ascending scores by their shares; what is pruned already stays minus infinity. */
  static void share(float[] sorted) {
    double sum = 0;
    for (int i = sorted.length - 1; i >= 0 && sorted[i] != Float.NEGATIVE_INFINITY; i--) {
      double square = (double) sorted[i] * sorted[i];
      sum += square;
      sorted[i] = sum == 0 ? 0 : (float) (square / sum);
    }
  }
}

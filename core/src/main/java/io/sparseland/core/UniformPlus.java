// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;

/**
 * Uniform with a dense first convolution and a denser last layer; Gale et al. 2019.
 *
 * <p>The first convolution stays dense and outside the budget. The last layer's density is at least
 * {@code head}. With N weights inside the budget, the others have density {@code (N(1 - s) - d_head
 * n_head) / (N - n_head)}, rounded by largest remainder, so that exactly {@code N - floor(s N)}
 * weights stay.
 *
 * @param head smallest density of the last layer, 0 to 1; 0.2 in the paper
 * @see <a href="https://arxiv.org/abs/1902.09574">The state of sparsity in deep neural networks</a>
 */
public record UniformPlus(double head) implements Allocation {

  /** Checks the density. */
  public UniformPlus {
    Check.fraction("head", head);
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    Check.fraction("sparsity", sparsity);
    int last = layers.size() - 1;
    long[] kept = new long[layers.size()];
    long total = 0;
    boolean convolutionSeen = false;
    boolean[] free = new boolean[layers.size()];
    for (int i = 0; i < kept.length; i++) {
      LayerShape layer = layers.get(i);
      boolean first = layer.type() == LayerType.CONVOLUTION && !convolutionSeen && i != last;
      convolutionSeen |= first;
      if (first) {
        kept[i] = layer.size();
      } else {
        total += layer.size();
        free[i] = i != last;
      }
    }
    if (last < 0) {
      return kept;
    }
    int headSize = layers.get(last).size();
    kept[last] = headSize - Counts.pruned(Math.min(sparsity, 1 - head), headSize);
    long freeSize = total - headSize;
    long freeKept = total - Counts.pruned(sparsity, total) - kept[last];
    if (freeSize == 0) {
      return kept; // the last layer alone
    }
    Check.that(
        freeKept >= 0,
        "uniform+ at sparsity %s: the last layer alone keeps %d weights, more than the whole budget",
        sparsity,
        kept[last]);
    double density = (total * (1 - sparsity) - Math.max(head, 1 - sparsity) * headSize) / freeSize;
    double[] shares = new double[kept.length];
    long[] caps = new long[kept.length];
    for (int i = 0; i < kept.length; i++) {
      caps[i] = free[i] ? layers.get(i).size() : 0;
      shares[i] = Math.max(0, density) * caps[i];
    }
    long[] rest = Counts.largestRemainder(shares, freeKept, caps);
    for (int i = 0; i < kept.length; i++) {
      kept[i] += rest[i];
    }
    return kept;
  }
}

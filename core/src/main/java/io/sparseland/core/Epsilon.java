// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;

/**
 * SET's own form of Erdős–Rényi: {@code density_l = min(1, ε (in + out) / (in · out))}; ε decides
 * how sparse the network is, so the sparsity asked for must be the one that ε gives.
 *
 * @param epsilon connections per unit, above 0; 20 for CIFAR-10, 11 to 13 for MNIST in the paper
 * @see <a href="https://arxiv.org/abs/1707.04780">Mocanu et al. 2018, "Scalable training of
 *     artificial neural networks with adaptive sparse connectivity", eq. 1</a>
 */
public record Epsilon(double epsilon) implements Allocation {

  private static final double TOLERANCE = 5e-4; // a sparsity said to three digits

  /** Checks the setting. */
  public Epsilon {
    Check.that(epsilon > 0 && epsilon <= 1e6, "epsilon is %s, allowed: above 0", epsilon);
  }

  /** Weights to keep in each layer; the authors draw every connection, here the count is exact. */
  public long[] kept(List<LayerShape> layers) {
    return layers.stream()
        .mapToLong(
            layer -> {
              long units = (long) layer.geometry().out() + layer.geometry().channels();
              double all = (double) layer.geometry().out() * layer.geometry().channels();
              return Math.min(layer.size(), Math.round(epsilon * units / all * layer.size()));
            })
        .toArray();
  }

  /** The share of weights that this prunes. */
  public double sparsity(List<LayerShape> layers) {
    long kept = 0;
    for (long each : kept(layers)) {
      kept += each;
    }
    return 1 - kept / (double) Allocation.total(layers);
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    double given = sparsity(layers);
    Check.that(
        Math.abs(given - sparsity) <= TOLERANCE,
        "epsilon %s gives these layers sparsity %.4f, not %s; set sparsity to that",
        epsilon,
        given,
        sparsity);
    return kept(layers);
  }
}

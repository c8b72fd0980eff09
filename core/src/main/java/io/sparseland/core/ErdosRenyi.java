// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Arrays;
import java.util.List;

/**
 * Density by layer shape: layers with few connections per unit are kept denser.
 *
 * <p>{@code density_l = ε r_l} with {@code r_l = ((in + out) / (in · out))^power}, with {@code
 * kernel} for convolutions the sum over the product of all four sizes (in, out, kernel height and
 * width). Layers that would exceed 1 are dense, and ε is solved again for the others until none
 * does; then counts are rounded by largest remainder, so that exactly {@code N - floor(s N)} of N
 * weights stay.
 *
 * @param kernel whether kernel sizes count (ERK) or not (ER)
 * @param power 1 in the papers; 0 is uniform
 * @see <a href="https://arxiv.org/abs/1911.11134">Evci et al. 2020, "Rigging the lottery", 3(1)</a>
 */
public record ErdosRenyi(boolean kernel, double power) implements Allocation {

  /** Checks the power. */
  public ErdosRenyi {
    Check.that(power >= 0 && power <= 8, "power is %s, allowed: 0 to 8", power);
  }

  /**
   * What the capping loop found.
   *
   * @param epsilon scale of the raw scores in the last round
   * @param densities by layer, in (0, 1]
   * @param rounds of the loop, 1 or more
   */
  public record Solution(double epsilon, List<Double> densities, int rounds) {}

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    long total = Allocation.total(layers);
    long wanted = total - Counts.pruned(sparsity, total);
    long[] sizes = layers.stream().mapToLong(LayerShape::size).toArray();
    List<Double> densities = solve(layers, 1 - sparsity).densities();
    double[] shares = new double[sizes.length];
    for (int i = 0; i < shares.length; i++) {
      shares[i] = densities.get(i) * sizes[i];
    }
    return Counts.largestRemainder(shares, wanted, sizes);
  }

  /**
   * Densities before rounding.
   *
   * @param density share of all weights to keep, 0 to 1
   */
  public Solution solve(List<LayerShape> layers, double density) {
    Check.fraction("density", density);
    int n = layers.size();
    double[] raw = layers.stream().mapToDouble(this::raw).toArray();
    boolean[] capped = new boolean[n];
    double epsilon = 0;
    for (int round = 1; ; round++) {
      double budget = 0;
      double weight = 0;
      double largest = 0;
      for (int i = 0; i < n; i++) {
        long size = layers.get(i).size();
        if (capped[i]) {
          budget -= (1 - density) * size;
        } else {
          budget += density * size;
          weight += raw[i] * size;
          largest = Math.max(largest, raw[i]);
        }
      }
      if (weight > 0) {
        epsilon = budget / weight;
      }
      if (weight == 0 || largest * epsilon <= 1) {
        double scale = epsilon;
        Double[] densities = new Double[n];
        for (int i = 0; i < n; i++) {
          densities[i] = capped[i] ? 1.0 : scale * raw[i];
        }
        return new Solution(scale, Arrays.asList(densities), round);
      }
      for (int i = 0; i < n; i++) {
        capped[i] |= raw[i] == largest;
      }
    }
  }

  private double raw(LayerShape layer) {
    Geometry g = layer.geometry();
    double sum = (double) g.channels() + g.out();
    double product = (double) g.channels() * g.out();
    if (kernel && layer.type() == LayerType.CONVOLUTION) {
      sum += g.kernelH() + g.kernelW();
      product *= (double) g.kernelH() * g.kernelW();
    }
    return Math.pow(sum / product, power);
  }
}

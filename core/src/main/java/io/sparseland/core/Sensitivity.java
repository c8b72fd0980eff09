// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;

/**
 * Layers whose pruning changes the model's output less lose more.
 *
 * <p>Before anything is pruned, a {@link SensitivityScan} prunes every layer alone to the sparsity
 * asked for and to {@code spread} less and more, and measures the output; {@link LossCurves} then
 * spreads the weights so that the sum of the losses is smallest.
 *
 * @param spread largest deviation of a layer's sparsity from the mean
 * @param samples calibration examples of the scan, from the first on
 */
public record Sensitivity(double spread, int samples) implements Allocation {

  /** Checks the settings. */
  public Sensitivity {
    Check.that(spread > 0 && spread <= 0.5, "spread is %s, allowed: above 0, at most 0.5", spread);
    Check.that(samples >= 1, "samples %d, allowed: 1 or more", samples);
  }

  /** The sparsities of the scan: ascending, above 0 and at most 1. */
  public double[] levels(double sparsity) {
    return java.util.stream.DoubleStream.of(sparsity - spread, sparsity, sparsity + spread)
        .map(level -> Math.min(1, level))
        .filter(level -> level > 0)
        .distinct()
        .toArray();
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    throw new IllegalArgumentException("allocation sensitivity needs a scan of the model");
  }

  @Override
  public boolean needsScores() {
    return true;
  }
}

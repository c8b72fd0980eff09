// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Costs measured on this machine, median microseconds. Matrices of equal size, type, pattern and
 * sparsity (to a hundredth) are measured once. One token is measured with cold caches when the
 * model does not fit into them.
 */
public final class Measured implements Costs {

  private static final int ROUNDS = 15;
  private static final int COLD_ROUNDS = 9;
  private static final double DOUBT = 0.5; // microseconds

  /** A model with more bytes of weights finds them in memory, not in a cache. */
  static final long CACHE_BYTES = 16L << 20;

  private final DesignTimer warm;
  private final DesignTimer decode;
  private final Map<String, SortedMap<String, Double>> known = new HashMap<>();

  /**
   * Costs of kernels.
   *
   * @param modelBytes stored weights of the whole model
   */
  public Measured(Kernels kernels, long modelBytes) {
    this.warm = new DesignTimer(kernels, ROUNDS, false);
    this.decode = modelBytes > CACHE_BYTES ? new DesignTimer(kernels, COLD_ROUNDS, true) : warm;
  }

  @Override
  public String source() {
    return "measured";
  }

  @Override
  public String unit() {
    return "microseconds";
  }

  @Override
  public double doubt() {
    return DOUBT;
  }

  @Override
  public SortedMap<String, Double> of(Matrix w, String pattern, int tokens) {
    String key =
        String.format(
            Locale.ROOT,
            "%s %s %d %d %s %.2f %d",
            w.window(),
            w.values().type(),
            w.outputs(),
            w.inputs(),
            pattern,
            w.sparsity(),
            tokens);
    return known.computeIfAbsent(
        key,
        unused -> {
          SortedMap<String, Double> costs = new TreeMap<>();
          (tokens == 1 && w.window() == null ? decode : warm)
              .timeFinal(w, tokens)
              .forEach(times -> costs.put(times.design(), 1e6 * times.median()));
          return costs;
        });
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Check;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.Solution;
import io.sparseland.core.Statistic;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Dynamic sparse no training: swaps pruned and kept weights of each row so that its mean output
 * comes back; weights have their dense values.
 *
 * <p>With {@code D_ij = W_ij mean(x_j)} a row's error is {@code e = sum of D over the pruned}.
 * While {@code |e| > threshold}: grow the pruned weight with the largest {@code |D_ij| /
 * var_j^power} of the sign of e, prune the kept one of the other sign with the lowest Wanda score;
 * {@code e += D of the pruned - D of the grown}. A weight moves once at most; a row without
 * candidates stops. Under N:M the pruned weight is the lowest of the same group, whatever its sign.
 *
 * @param cycles swaps of a row at most; left out: the paper's 50, but 5 % of the row at most, since
 *     narrow rows would lose every candidate
 * @param threshold error per token at which a row is left alone; the paper's 0.1 is for sums over
 *     sequences of 2048 tokens
 * @param power of the variance; 0 leaves it out
 * @param sameSign whether a swap that turns the sign of the error is refused; always under N:M
 * @param guard whether a row goes back to where it started unless its squared output error has
 *     fallen
 * @see <a href="https://arxiv.org/abs/2310.08915">Zhang et al. 2024, "Dynamic sparse no training",
 *     alg. 1</a>
 */
public record Dsnot(
    Optional<Integer> cycles, double threshold, double power, boolean sameSign, boolean guard)
    implements Reconstruction {

  private static final int CYCLES = 50;
  private static final double ROW_SHARE = 0.05;

  /** Checks the settings. */
  public Dsnot {
    Check.that(cycles.isEmpty() || cycles.get() >= 0, "cycles %s, allowed: 0 or more", cycles);
    Check.that(threshold >= 0, "threshold is %s, allowed: 0 or more", threshold);
    Check.that(power >= 0, "power is %s, allowed: 0 or more", power);
  }

  @Override
  public Set<Statistic> needs() {
    Set<Statistic> needs =
        EnumSet.of(
            Statistic.INPUT_MEAN, Statistic.INPUT_SEQUENCE_VARIANCE, Statistic.INPUT_MEAN_SQUARE);
    if (guard) {
      needs.add(Statistic.INPUT_GRAM);
    }
    return needs;
  }

  @Override
  public Solution rebuild(Layer layer, Solution found, Evidence evidence) {
    Mask mask = found.mask();
    Pattern pattern = mask.pattern();
    Check.that(
        pattern instanceof Pattern.Unstructured || pattern instanceof Pattern.NM,
        "layer %s: dsnot swaps single weights, so it does not go with pattern %s",
        layer.name(),
        pattern.text());
    Geometry g = layer.geometry();
    NDArray dense = layer.weight().toType(DataType.FLOAT64, true);
    double[] weights = dense.toDoubleArray();
    double[] mean = evidence.get(Statistic.INPUT_MEAN).toDoubleArray();
    double[] variance = evidence.get(Statistic.INPUT_SEQUENCE_VARIANCE).toDoubleArray();
    double[] squares =
        evidence.get(Statistic.INPUT_MEAN_SQUARE).toType(DataType.FLOAT64, false).toDoubleArray();
    double[] grams = guard ? evidence.get(Statistic.INPUT_GRAM).toDoubleArray() : new double[0];
    BitSet keep = mask.keptSet();
    int limit = cycles.orElse(Math.min(CYCLES, Math.max(1, (int) (ROW_SHARE * g.in()))));
    for (int row = 0; row < g.out(); row++) {
      int group = row / (g.out() / g.groups());
      DsnotRow one = new DsnotRow(g.in(), row * g.in(), weights, keep);
      one.weigh(mean, variance, squares, group * g.in(), power);
      BitSet swapped =
          pattern instanceof Pattern.NM nm
              ? one.swap(limit, threshold, true, i -> nm.unitOf(g, i) / nm.group())
              : one.swap(limit, threshold, sameSign, i -> -1);
      if (!guard || one.error(swapped, grams, group) < one.error(keep, grams, group)) {
        for (int i = row * g.in(); i < (row + 1) * g.in(); i++) {
          keep.set(i, swapped.get(i));
        }
      }
    }
    return found.with(Mask.of(g, pattern, keep)).with(dense, java.util.List.of());
  }
}

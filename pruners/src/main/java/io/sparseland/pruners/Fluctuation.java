// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Statistic;
import io.sparseland.core.UnitCriterion;
import java.util.EnumSet;
import java.util.Set;

/**
 * How much an input column matters once its mean is put back as a bias; for {@code pattern: unit}
 * or {@code channel} with {@code reconstruct: bias}.
 *
 * <p>With v_j the variance and m_j the root mean square of column j: {@code IFV = v_j}, {@code WIFV
 * = v_j |W_:,j|^2}, the squared error per token that is left after the best constant, and {@code
 * WIFN = mean_i |W_ij| m_j}, which is also the score of Wanda-sp. Every weight of a column has the
 * column's score divided by its rows, so that a column counts once. A constant column costs nothing
 * under the first two.
 *
 * <p>A hidden unit is worth its column; an attention head the mean of its columns, which the
 * authors square before they are standardised.
 *
 * @param metric which of the three
 * @param standardised whether each layer's scores are moved to mean 0 and variance 1, so that
 *     layers can be compared
 * @param squareHeads whether the columns of attention heads are squared first
 * @see <a href="https://arxiv.org/abs/2312.11983">An et al. 2024, "Fluctuation-based adaptive
 *     structured pruning", section 3.2</a>
 */
public record Fluctuation(Metric metric, boolean standardised, boolean squareHeads)
    implements UnitCriterion {

  /** What a column is scored by. */
  public enum Metric {
    /** Variance. */
    IFV,
    /** Variance times the squared norm of the column's weights. */
    WIFV,
    /** Root mean square times the mean weight of the column. */
    WIFN
  }

  @Override
  public Set<Statistic> needs() {
    return EnumSet.of(
        metric == Metric.WIFN ? Statistic.INPUT_MEAN_SQUARE : Statistic.INPUT_VARIANCE);
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    Geometry g = layer.geometry();
    int share = g.out() / g.groups();
    NDArray columns = columns(layer, evidence);
    if (standardised) {
      columns = standard(columns);
    }
    return columns
        .div(share)
        .reshape(g.groups(), 1, g.in())
        .broadcast(g.groups(), share, g.in())
        .reshape(g.out(), g.in());
  }

  @Override
  public double[] units(Layer layer, Evidence evidence, int width) {
    NDArray columns = columns(layer, evidence);
    if (squareHeads && width > 1) {
      columns = columns.square();
    }
    if (standardised) {
      columns = standard(columns);
    }
    return columns.reshape(-1, width).mean(new int[] {1}).toDoubleArray();
  }

  @Override
  public boolean comparesLayers() {
    return standardised;
  }

  /** The metric of every column, fp64 {@code [groups, in]}. */
  private NDArray columns(Layer layer, Evidence evidence) {
    Geometry g = layer.geometry();
    int share = g.out() / g.groups();
    NDArray rows =
        layer.weight().toType(DataType.FLOAT64, false).reshape(g.groups(), share, g.in());
    NDArray input =
        evidence
            .get(metric == Metric.WIFN ? Statistic.INPUT_MEAN_SQUARE : Statistic.INPUT_VARIANCE)
            .toType(DataType.FLOAT64, false)
            .reshape(g.groups(), g.in());
    return switch (metric) {
      case IFV -> input;
      case WIFV -> rows.square().sum(new int[] {1}).mul(input);
      case WIFN -> rows.abs().mean(new int[] {1}).mul(input.sqrt());
    };
  }

  /** Mean 0 and sample variance 1; zeros if all are equal. */
  private static NDArray standard(NDArray columns) {
    NDArray centred = columns.sub(columns.mean());
    long n = columns.size();
    double variance = n < 2 ? 0 : centred.square().sum().toDoubleArray()[0] / (n - 1);
    return variance == 0 ? centred.zerosLike() : centred.div(Math.sqrt(variance));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Check;
import io.sparseland.core.Choice;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Solution;
import io.sparseland.core.Solver;
import io.sparseland.core.Statistic;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Optimal brain surgeon column by column, with one inverse Hessian for all rows.
 *
 * <p>With {@code H^-1 = U^T U}, column j of the weight is visited after those left of it: a pruned
 * {@code W_ij} gives {@code e = W_ij / U_jj} and {@code W_i,j: -= e U_j,j:}, which moves its part
 * to the columns on the right. Who goes is decided piece by piece, {@code block} columns at a time,
 * by {@code W_ij^2 / U_jj^2} with the weights as they are then; units of several columns by their
 * joint loss. Every piece loses its exact share, so the layer loses exactly what it should. Cost:
 * {@code in^3} once, {@code out · in^2} for the updates.
 *
 * @param damping share of the mean diagonal of H that is added to it
 * @param block columns within which weights compete, and after which the rest is updated
 * @see <a href="https://arxiv.org/abs/2301.00774">Frantar and Alistarh 2023, "SparseGPT", alg.
 *     1</a>
 */
public record SparseGpt(double damping, int block) implements Solver {

  /** Checks the settings. */
  public SparseGpt {
    Check.that(damping > 0 && damping <= 1, "damping is %s, allowed: above 0, at most 1", damping);
    Check.that(block >= 1, "block is %d, allowed: 1 or more", block);
  }

  /** With the damping and block of the paper. */
  public static SparseGpt defaults() {
    return new SparseGpt(0.01, 128);
  }

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.INPUT_GRAM);
  }

  /** {@code W_ij^2 / [H^-1]_jj}: the loss of removing one weight alone, times two. */
  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    Geometry g = layer.geometry();
    int share = g.out() / g.groups();
    int[] natural = IntStream.range(0, g.in()).toArray();
    NDArray weight = layer.weight().toType(DataType.FLOAT64, false);
    NDList groups = new NDList();
    for (int group = 0; group < g.groups(); group++) {
      NDArray inverse = Hessian.of(layer, group, natural, evidence, damping).inverse();
      NDArray diagonal =
          inverse
              .mul(inverse.getManager().eye(g.in()).toType(DataType.FLOAT64, false))
              .sum(new int[] {0});
      groups.add(
          weight.get("%d:%d".formatted(group * share, (group + 1) * share)).square().div(diagonal));
    }
    return NDArrays.concat(groups); // [out, in]
  }

  @Override
  public Solution solve(Layer layer, Evidence evidence, Choice choice) {
    return new ObsSweep(layer, evidence, damping, block).choosing(choice);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Check;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Linalg;
import io.sparseland.core.Mask;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.Solution;
import io.sparseland.core.Statistic;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The best weights on a given mask: for each row with kept columns S, {@code w'_S = H_SS^-1 (H
 * w)_S}, the exact least squares of the damped Hessian.
 *
 * <p>Cost: {@code in^3 (1 - sparsity)^3 / 3} for each row, so {@code out} times that of one
 * Cholesky at most.
 *
 * @param damping share of the mean diagonal of H that is added to it
 */
public record LeastSquares(double damping) implements Reconstruction {

  /** Checks the setting. */
  public LeastSquares {
    Check.that(damping > 0 && damping <= 1, "damping is %s, allowed: above 0, at most 1", damping);
  }

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.INPUT_GRAM);
  }

  @Override
  public Solution rebuild(Layer layer, Solution found, Evidence evidence) {
    Geometry g = layer.geometry();
    int share = g.out() / g.groups();
    int[] natural = IntStream.range(0, g.in()).toArray();
    NDArray target = layer.weight().toType(DataType.FLOAT64, false);
    NDArray keep = keep(found.mask(), target);
    List<String> notes = new ArrayList<>();
    NDList groups = new NDList();
    for (int group = 0; group < g.groups(); group++) {
      String rows = "%d:%d".formatted(group * share, (group + 1) * share);
      Hessian hessian = Hessian.of(layer, group, natural, evidence, damping);
      notes.addAll(hessian.notes());
      NDArray right = target.get(rows).matMul(hessian.matrix()); // [share, in]
      groups.add(Linalg.restrictedSolve(hessian.matrix(), right, keep.get(rows)));
    }
    return found.with(NDArrays.concat(groups), notes);
  }

  private static NDArray keep(Mask mask, NDArray like) {
    boolean[] bits = new boolean[mask.size()];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = mask.get(i);
    }
    return like.getManager().create(bits, new Shape(mask.geometry().out(), mask.geometry().in()));
  }
}

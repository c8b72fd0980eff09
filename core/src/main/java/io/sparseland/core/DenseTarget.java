// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;

/**
 * Weights that give the dense model's output on the pruned model's inputs.
 *
 * <p>{@code Wt = argmin |Y - Xs Wt^T|^2 + n delta/2 |Wt - W|^2}, that is {@code Wt^T = (G + d I)^-1
 * (C + d W^T)} with {@code G = mean(xs xs^T)}, {@code C = mean(xs y^T)} and {@code d = damping ·
 * mean(diag G)}.
 */
final class DenseTarget {

  private DenseTarget() {}

  /** The weights, fp64 {@code [out, in]}. */
  static NDArray weight(Layer layer, Evidence evidence, double damping) {
    Geometry g = layer.geometry();
    int share = g.out() / g.groups();
    NDArray grams = evidence.get(Statistic.INPUT_GRAM).reshape(g.groups(), g.in(), g.in());
    NDArray wanted = evidence.get(Statistic.WANTED_OUTPUT); // [in, out]
    NDArray weight = layer.weight().toType(DataType.FLOAT64, false);
    NDList groups = new NDList();
    for (int group = 0; group < g.groups(); group++) {
      String rows = "%d:%d".formatted(group * share, (group + 1) * share);
      NDArray gram = grams.get(group);
      NDArray eye = gram.getManager().eye(g.in()).toType(DataType.FLOAT64, false);
      double held = damping * gram.mul(eye).sum().toDoubleArray()[0] / g.in();
      if (held == 0) { // nothing ever comes in
        groups.add(weight.get(rows));
        continue;
      }
      Linalg.Cholesky factor = Linalg.cholesky(gram.add(eye.mul(held)));
      Check.that(
          factor.succeeded(),
          "layer %s: the Hessian of %d samples is singular at pivot %d with damping %s; use more"
              + " calibration samples or a larger damping",
          layer.name(),
          evidence.samples(Statistic.INPUT_GRAM),
          factor.failedAt() - 1,
          damping);
      NDArray right = wanted.get(":," + rows).add(weight.get(rows).transpose().mul(held));
      groups.add(factor.solve(right).transpose()); // [share, in]
    }
    return NDArrays.concat(groups);
  }
}

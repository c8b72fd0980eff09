// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Linalg;
import io.sparseland.core.Statistic;
import java.util.ArrayList;
import java.util.List;

/**
 * The damped Hessian of the squared output error of one group of a layer: {@code H = 2 mean(x x^T)
 * + damping · mean(diag H) · I}.
 *
 * <p>An input that never fires gets 1 on the diagonal before the damping is measured, so that it is
 * decoupled from the others. If H is not positive definite, the damping grows tenfold up to three
 * times, each of which is noted; then it is an error, never another method in silence.
 */
final class Hessian {

  private static final int ESCALATIONS = 3;
  private static final double GROWTH = 10;

  private final NDArray matrix;
  private final boolean[] dead;
  private final Linalg.Cholesky factor;
  private final double added;
  private final List<String> notes;

  private Hessian(
      NDArray matrix, boolean[] dead, Linalg.Cholesky factor, double added, List<String> notes) {
    this.matrix = matrix;
    this.dead = dead;
    this.factor = factor;
    this.added = added;
    this.notes = notes;
  }

  /**
   * The Hessian of a group.
   *
   * @param order column i of the result is input {@code order[i]}
   * @param damping share of the mean diagonal, above 0
   * @throws IllegalArgumentException naming layer, pivot and samples if it stays singular
   */
  static Hessian of(Layer layer, int group, int[] order, Evidence evidence, double damping) {
    Geometry g = layer.geometry();
    double[] gram = evidence.get(Statistic.INPUT_GRAM).toDoubleArray();
    int n = g.in();
    double[] h = new double[n * n];
    boolean[] dead = new boolean[n];
    double trace = 0;
    int from = group * n * n;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        h[i * n + j] = 2 * gram[from + order[i] * n + order[j]];
      }
      dead[i] = h[i * n + i] == 0;
      if (dead[i]) {
        h[i * n + i] = 1;
      }
      trace += h[i * n + i];
    }
    List<String> notes = new ArrayList<>();
    double share = damping;
    for (int tried = 0; ; tried++) {
      double added = share * trace / n;
      double[] damped = h.clone();
      for (int i = 0; i < n; i++) {
        damped[i * n + i] += added;
      }
      NDArray matrix =
          layer.weight().getManager().create(damped, new ai.djl.ndarray.types.Shape(n, n));
      Linalg.Cholesky factor = Linalg.cholesky(matrix);
      if (factor.succeeded()) {
        return new Hessian(matrix, dead, factor, added, notes);
      }
      String where =
          "layer %s: the Hessian of %d samples is singular at pivot %d with damping %s"
              .formatted(
                  layer.name(),
                  evidence.samples(Statistic.INPUT_GRAM),
                  factor.failedAt() - 1,
                  share);
      if (tried == ESCALATIONS) {
        throw new IllegalArgumentException(
            where + "; use more calibration samples or a larger damping");
      }
      share *= GROWTH;
      notes.add(where + "; damping raised to " + share);
    }
  }

  /** The damped matrix, fp64 {@code [in, in]}. */
  NDArray matrix() {
    return matrix;
  }

  /** Inputs that never fire. */
  boolean[] dead() {
    return dead;
  }

  /** {@code H^-1}. */
  NDArray inverse() {
    return factor.inverse();
  }

  /**
   * Solves.
   *
   * @return {@code H^-1 B}
   */
  NDArray solve(NDArray right) {
    return factor.solve(right);
  }

  /** What was added to the diagonal. */
  double added() {
    return added;
  }

  /**
   * Upper {@code U} with {@code H^-1 = U^T U}; {@code U_jj^2} is the first diagonal element of the
   * inverse of H restricted to inputs from j on.
   */
  NDArray upper() {
    Linalg.Cholesky inverse = Linalg.cholesky(factor.inverse());
    if (!inverse.succeeded()) {
      throw new IllegalStateException("the inverse of a positive definite matrix is not");
    }
    return inverse.lower().transpose();
  }

  /** Escalations of the damping. */
  List<String> notes() {
    return notes;
  }
}

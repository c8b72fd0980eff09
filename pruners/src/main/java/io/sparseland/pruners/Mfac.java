// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Check;
import io.sparseland.core.Choice;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Scope;
import io.sparseland.core.Solution;
import io.sparseland.core.Solver;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * Optimal brain surgeon with the empirical Fisher matrix of a whole layer, which is never stored:
 * the static form of M-FAC.
 *
 * <p>With {@code F = damping · I + mean(g g^T)} over m gradients: {@code v_k = g_k / damping -
 * sum_{l<k} (v_l · g_k / d_l) v_l} and {@code d_k = m + g_k · v_k}, so that {@code F^-1 x = x /
 * damping - sum (v_k · x / d_k) v_k}. A weight scores {@code w_q^2 / (2 [F^-1]_qq)}; the removals'
 * updates {@code -F^-1 e_q w_q / [F^-1]_qq} are added up. Memory: {@code 12 · m · weights} bytes of
 * a layer, and 4 of all layers.
 *
 * @param damping added to the diagonal
 * @see <a href="https://arxiv.org/abs/2107.03356">Frantar, Kurtic and Alistarh 2021, "M-FAC:
 *     Efficient Matrix-Free Approximations of Second-Order Information", section 3</a>
 */
public record Mfac(double damping) implements Solver {

  /** Checks the setting. */
  public Mfac {
    Check.that(damping > 0, "damping is %s, allowed: above 0", damping);
  }

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.GRADIENTS);
  }

  @Override
  public Scope comparedWithin() {
    return Scope.GLOBAL;
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    Geometry g = layer.geometry();
    return losses(layer, inverse(evidence)).reshape(g.out(), g.in());
  }

  private static NDArray losses(Layer layer, Inverse inverse) {
    NDArray w = flat(layer);
    return w.square().div(inverse.diagonal().mul(2));
  }

  @Override
  public Solution solve(Layer layer, Evidence evidence, Choice choice) {
    Geometry g = layer.geometry();
    Inverse inverse = inverse(evidence);
    float[] scores = losses(layer, inverse).toType(DataType.FLOAT32, false).toFloatArray();
    Mask mask = choice.byScore(scores, g);
    Mask present = choice.present();
    NDArray dense = flat(layer);
    double[] w = dense.toDoubleArray();
    double[] diagonal = inverse.diagonal().toDoubleArray();
    double[] gone = new double[w.length];
    for (int q = 0; q < gone.length; q++) {
      boolean now = !mask.get(q) && (present == null || present.get(q));
      gone[q] = now ? w[q] / diagonal[q] : 0;
    }
    NDArray x = dense.getManager().create(gone, new Shape(gone.length));
    return Solution.of(mask, dense.sub(inverse.times(x)).reshape(g.out(), g.in()));
  }

  private static NDArray flat(Layer layer) {
    return layer.weight().toType(DataType.FLOAT64, false).reshape(-1);
  }

  /**
   * {@code F^-1} of one layer.
   *
   * @param vectors v_k, fp64 {@code [m, weights]}
   * @param below d_k, {@code [m]}
   */
  private record Inverse(NDArray vectors, NDArray below, double damping) {

    NDArray times(NDArray x) {
      NDArray shares = vectors.matMul(x.reshape(-1, 1)).reshape(-1).div(below); // [m]
      return x.div(damping).sub(shares.reshape(1, -1).matMul(vectors).reshape(-1));
    }

    NDArray diagonal() {
      NDArray squares = vectors.square().div(below.reshape(-1, 1)).sum(new int[] {0});
      return squares.neg().add(1 / damping);
    }
  }

  private Inverse inverse(Evidence evidence) {
    NDArray gradients = evidence.get(Statistic.GRADIENTS).toType(DataType.FLOAT64, false);
    int m = Math.toIntExact(gradients.getShape().get(0));
    NDList vectors = new NDList();
    double[] below = new double[m];
    for (int k = 0; k < m; k++) {
      NDArray g = gradients.get(k); // [weights]
      NDArray v = g.div(damping);
      if (k > 0) {
        NDArray known = NDArrays.stack(vectors); // [k, weights]
        NDArray shares =
            known
                .matMul(g.reshape(-1, 1))
                .reshape(-1)
                .div(g.getManager().create(java.util.Arrays.copyOf(below, k), new Shape(k)));
        v = v.sub(shares.reshape(1, -1).matMul(known).reshape(-1));
        known.close();
      }
      below[k] = m + g.mul(v).sum().toDoubleArray()[0];
      vectors.add(v);
    }
    return new Inverse(
        NDArrays.stack(vectors), gradients.getManager().create(below, new Shape(m)), damping);
  }
}

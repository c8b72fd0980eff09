// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

/**
 * One row on its way through {@link Obc}: weights, and the inverse Hessian of those that are left.
 */
final class ObcRow {

  private final double[] w;
  private final double[] inverse; // [n, n]; rows and columns of what is gone are 0
  private final boolean[] gone;
  private final int n;

  ObcRow(double[] weights, double[] inverse) {
    this.w = weights.clone();
    this.inverse = inverse.clone();
    this.n = weights.length;
    this.gone = new boolean[n];
  }

  /**
   * Removes a weight: {@code w -= H^-1 e_q w_q / [H^-1]_qq}, and q from the inverse.
   *
   * @return the loss {@code w_q^2 / (2 [H^-1]_qq)}
   */
  double remove(int q) {
    double pivot = inverse[q * n + q];
    double step = w[q] / pivot;
    double loss = w[q] * step / 2;
    double[] column = new double[n];
    for (int i = 0; i < n; i++) {
      column[i] = inverse[i * n + q];
      w[i] -= column[i] * step;
    }
    for (int i = 0; i < n; i++) {
      double factor = column[i] / pivot;
      if (factor != 0) {
        int row = i * n;
        for (int j = 0; j < n; j++) {
          inverse[row + j] -= factor * column[j];
        }
      }
    }
    for (int i = 0; i < n; i++) { // exact zeros where rounding left something
      inverse[i * n + q] = 0;
      inverse[q * n + i] = 0;
    }
    w[q] = 0;
    gone[q] = true;
    return loss;
  }

  /**
   * The weight of smallest loss, the lowest of several; -1 if there is none.
   *
   * @param group weights of a group, of which {@code most} may go
   */
  int next(int group, int most) {
    int best = -1;
    double least = Double.POSITIVE_INFINITY;
    for (int from = 0; from < n; from += group) {
      int to = Math.min(n, from + group);
      int count = 0;
      for (int i = from; i < to; i++) {
        count += gone[i] ? 1 : 0;
      }
      if (count >= most) {
        continue;
      }
      for (int i = from; i < to; i++) {
        double loss = gone[i] ? Double.POSITIVE_INFINITY : w[i] * w[i] / inverse[i * n + i];
        if (loss < least) {
          least = loss;
          best = i;
        }
      }
    }
    return best;
  }

  /** The weights as they are. */
  double[] weights() {
    return w;
  }

  /** Whether a weight is gone. */
  boolean gone(int i) {
    return gone[i];
  }
}

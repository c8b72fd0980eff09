// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

/** Solves small symmetric positive definite systems that are parts of a larger matrix. */
final class SmallSystem {

  private SmallSystem() {}

  /**
   * {@code ([A]_QQ)^-1 w_Q} by elimination; no pivoting is needed.
   *
   * @param matrix holds A, {@code [width, width]}, from {@code at} on; it stays
   * @param members Q
   * @param w right side of member q at {@code from + q}
   */
  static double[] solve(double[] matrix, int at, int width, int[] members, double[] w, int from) {
    int n = members.length;
    double[] a = new double[n * n];
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        a[i * n + j] = matrix[at + members[i] * width + members[j]];
      }
      x[i] = w[from + members[i]];
    }
    for (int p = 0; p < n; p++) {
      for (int i = p + 1; i < n; i++) {
        double factor = a[i * n + p] / a[p * n + p];
        for (int j = p; j < n; j++) {
          a[i * n + j] -= factor * a[p * n + j];
        }
        x[i] -= factor * x[p];
      }
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int j = i + 1; j < n; j++) {
        x[i] -= a[i * n + j] * x[j];
      }
      x[i] /= a[i * n + i];
    }
    return x;
  }
}

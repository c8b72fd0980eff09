// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Mean and variances of columns, merged batch by batch as Chan et al. 1979 do. */
final class Moments {

  private final double[] means;
  private final double[] squares; // sums of squared deviations from the mean
  private final double[] within; // the same within sequences
  private final long[] counts;

  Moments(int columns) {
    means = new double[columns];
    squares = new double[columns];
    within = new double[columns];
    counts = new long[columns];
  }

  /**
   * Adds rows.
   *
   * @param from first column
   * @param rows fp64 {@code [n, columns]}
   * @param sequences the same values: {@code [sequences, tokens, columns]}, or of rank 2 for one
   *     sequence
   */
  void add(int from, NDArray rows, NDArray sequences) {
    long n = rows.getShape().get(0);
    if (n == 0) {
      return;
    }
    NDArray mean = rows.mean(new int[] {0}); // [columns]
    double[] m = mean.toDoubleArray();
    double[] m2 = rows.sub(mean).square().sum(new int[] {0}).toDoubleArray();
    double[] inside = sequences.getShape().dimension() < 3 ? m2 : inside(sequences, m.length);
    for (int i = 0; i < m.length; i++) {
      int at = from + i;
      double delta = m[i] - means[at];
      long all = counts[at] + n;
      means[at] += delta * n / all;
      squares[at] += m2[i] + delta * delta * counts[at] * n / all;
      within[at] += inside[i];
      counts[at] = all;
    }
  }

  private static double[] inside(NDArray sequences, int columns) {
    NDArray x =
        sequences
            .toType(DataType.FLOAT64, false)
            .reshape(sequences.getShape().get(0), -1, columns); // [sequences, tokens, columns]
    NDArray mean = x.mean(new int[] {1}, true);
    return x.sub(mean).square().sum(new int[] {0, 1}).toDoubleArray();
  }

  /** Sums of the columns. */
  double[] sums() {
    double[] sums = new double[means.length];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = means[i] * counts[i];
    }
    return sums;
  }

  /** Sums of squared deviations from the mean of all rows. */
  double[] squares() {
    return squares.clone();
  }

  /** Sums of squared deviations from the mean of the sequence. */
  double[] within() {
    return within.clone();
  }
}

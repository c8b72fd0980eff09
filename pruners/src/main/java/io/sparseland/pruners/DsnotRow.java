// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import java.util.BitSet;
import java.util.function.IntUnaryOperator;

/** One row of {@link Dsnot}; indices are those of the whole weight. */
final class DsnotRow {

  private static final double LEAST_VARIANCE = 1e-12; // a constant input does not divide by zero

  private final int in;
  private final int from;
  private final double[] weights;
  private final BitSet keep;
  private final double[] part; // D, expected contributions
  private final double[] growth; // D / var^power
  private final double[] score; // of Wanda

  DsnotRow(int in, int from, double[] weights, BitSet keep) {
    this.in = in;
    this.from = from;
    this.weights = weights;
    this.keep = keep;
    this.part = new double[in];
    this.growth = new double[in];
    this.score = new double[in];
  }

  /** Computes what the swaps go by. */
  void weigh(double[] mean, double[] variance, double[] squares, int column, double power) {
    for (int j = 0; j < in; j++) {
      double weight = weights[from + j];
      part[j] = weight * mean[column + j];
      growth[j] = part[j] / Math.pow(Math.max(variance[column + j], LEAST_VARIANCE), power);
      score[j] = Math.abs(weight) * Math.sqrt(squares[column + j]);
    }
  }

  /**
   * Swaps.
   *
   * @param groupOf group of an index within which swaps stay, or -1 for anywhere
   * @return what is kept then, set for this row only
   */
  BitSet swap(int cycles, double threshold, boolean sameSign, IntUnaryOperator groupOf) {
    BitSet now = keep.get(0, keep.length());
    BitSet moved = new BitSet(in);
    double error = 0;
    for (int j = 0; j < in; j++) {
      error += keep.get(from + j) ? 0 : part[j];
    }
    double start = Math.signum(error);
    for (int t = 0; t < cycles && Math.abs(error) > threshold; t++) {
      double sign = Math.signum(error);
      int grow = grow(moved, sign);
      if (grow < 0) {
        break;
      }
      int prune = prune(moved, sign, groupOf, groupOf.applyAsInt(from + grow));
      if (prune < 0) {
        break;
      }
      double next = error + part[prune] - part[grow];
      if (sameSign && Math.signum(next) != start) {
        break;
      }
      error = next;
      moved.set(grow);
      moved.set(prune);
      now.set(from + grow);
      now.clear(from + prune);
    }
    return now;
  }

  private int grow(BitSet moved, double sign) {
    int best = -1;
    for (int j = 0; j < in; j++) {
      boolean candidate = !keep.get(from + j) && !moved.get(j) && sign * part[j] > 0;
      if (candidate && (best < 0 || sign * growth[j] > sign * growth[best])) {
        best = j;
      }
    }
    return best;
  }

  private int prune(BitSet moved, double sign, IntUnaryOperator groupOf, int group) {
    int best = -1;
    for (int j = 0; j < in; j++) {
      boolean candidate =
          keep.get(from + j)
              && !moved.get(j)
              && (group < 0 ? sign * part[j] < 0 : groupOf.applyAsInt(from + j) == group);
      if (candidate && (best < 0 || score[j] < score[best])) {
        best = j;
      }
    }
    return best;
  }

  /** Squared output error of this row with a mask. */
  double error(BitSet kept, double[] grams, int group) {
    int first = group * in * in;
    double error = 0;
    for (int i = 0; i < in; i++) {
      if (kept.get(from + i)) {
        continue;
      }
      for (int j = 0; j < in; j++) {
        if (!kept.get(from + j)) {
          error += weights[from + i] * grams[first + i * in + j] * weights[from + j];
        }
      }
    }
    return error;
  }
}

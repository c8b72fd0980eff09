// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.Arrays;

/**
 * How two shapes meet in an element-wise operation: dimensions of y, merged where possible, and the
 * steps of a and b along each, in elements (0 = repeated).
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never leaves the package
record Broadcast(int[] sizes, int[] stepsA, int[] stepsB) {

  /** Plans {@code a op b -> y}. */
  static Broadcast of(int[] a, int[] b, int[] y) {
    int rank = y.length;
    Check.that(
        Math.max(a.length, b.length) == rank,
        "binary: shapes %s and %s to %s: ranks do not meet",
        a,
        b,
        y);
    int[] allA = steps(a, rank);
    int[] allB = steps(b, rank);
    for (int i = 0; i < rank; i++) {
      int na = size(a, rank, i);
      int nb = size(b, rank, i);
      Check.that(
          (na == nb || na == 1 || nb == 1) && y[i] == Math.max(na, nb),
          "binary: shapes %s and %s to %s: axis %d has %d and %d to %d, allowed are equal sizes or 1",
          a,
          b,
          y,
          i,
          na,
          nb,
          y[i]);
    }
    return merge(y, allA, allB);
  }

  private static Broadcast merge(int[] y, int[] stepsA, int[] stepsB) {
    int[] sizes = new int[y.length];
    int[] mergedA = new int[y.length];
    int[] mergedB = new int[y.length];
    int count = 0;
    for (int i = 0; i < y.length; i++) {
      if (y[i] == 1) {
        continue;
      }
      if (count > 0
          && mergedA[count - 1] == stepsA[i] * y[i]
          && mergedB[count - 1] == stepsB[i] * y[i]) {
        sizes[count - 1] *= y[i];
        mergedA[count - 1] = stepsA[i];
        mergedB[count - 1] = stepsB[i];
      } else {
        sizes[count] = y[i];
        mergedA[count] = stepsA[i];
        mergedB[count] = stepsB[i];
        count++;
      }
    }
    if (count == 0) {
      return new Broadcast(new int[] {1}, new int[] {1}, new int[] {1});
    }
    return new Broadcast(
        Arrays.copyOf(sizes, count), Arrays.copyOf(mergedA, count), Arrays.copyOf(mergedB, count));
  }

  private static int size(int[] shape, int rank, int axis) {
    int own = axis - (rank - shape.length);
    return own < 0 ? 1 : shape[own];
  }

  private static int[] steps(int[] shape, int rank) {
    int[] steps = new int[rank];
    int step = 1;
    for (int i = rank - 1; i >= 0; i--) {
      int n = size(shape, rank, i);
      steps[i] = n == 1 ? 0 : step;
      step *= n;
    }
    return steps;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.Arrays;

/**
 * Matrix products that read and write where they are told: sizes m, k, n, then the steps from row
 * to row and from column to column of a and b, and from row to row of y; offsets of all a, all b
 * and all y.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never leaves the package
record Products(int[] sizesAndSteps, int[] offsets) {

  /** Checks and plans [..., m, k] x [..., k, n] to [..., m, n]. */
  static Products of(Turned a, Turned b, Turned y) {
    int[] as = a.shape();
    int[] bs = b.shape();
    int[] ys = y.shape();
    int ra = as.length;
    int rb = bs.length;
    int ry = ys.length;
    Check.that(
        ra >= 2 && rb >= 2 && ry == Math.max(ra, rb),
        "matmul: %s x %s to %s, allowed are ranks of 2 or more",
        as,
        bs,
        ys);
    Check.that(
        bs[rb - 2] == as[ra - 1] && ys[ry - 2] == as[ra - 2] && ys[ry - 1] == bs[rb - 1],
        "matmul: %s x %s to %s, allowed is [..., m, k] x [..., k, n] to [..., m, n]",
        as,
        bs,
        ys);
    int[] lead = Arrays.copyOf(ys, ry - 2);
    Broadcast.of(Arrays.copyOf(as, ra - 2), Arrays.copyOf(bs, rb - 2), lead); // checks
    int[] sa = a.steps();
    int[] sb = b.steps();
    int[] sy = y.steps();
    Check.that(
        sy[ry - 1] == 1 || ys[ry - 1] == 1,
        "matmul: y turned by %s, allowed is its last axis last",
        y.permutation());
    int count = Arrays.stream(lead).reduce(1, (p, n) -> p * n);
    int[] offsets = new int[3 * count];
    place(as, sa, lead, offsets, 0);
    place(bs, sb, lead, offsets, count);
    place(ys, sy, lead, offsets, 2 * count);
    return new Products(
        new int[] {
          as[ra - 2],
          as[ra - 1],
          bs[rb - 1],
          sa[ra - 2],
          sa[ra - 1],
          sb[rb - 2],
          sb[rb - 1],
          sy[ry - 2]
        },
        offsets);
  }

  int m() {
    return sizesAndSteps[0];
  }

  int k() {
    return sizesAndSteps[1];
  }

  int n() {
    return sizesAndSteps[2];
  }

  int count() {
    return offsets.length / 3;
  }

  /** Copies matrix i of a, [m, k]. */
  float[] a(Tensor tensor, int i) {
    return copy(tensor, offsets[i], m(), sizesAndSteps[3], k(), sizesAndSteps[4]);
  }

  /** Copies matrix i of b, [k, n]. */
  float[] b(Tensor tensor, int i) {
    return copy(tensor, offsets[count() + i], k(), sizesAndSteps[5], n(), sizesAndSteps[6]);
  }

  /** Writes matrix i of y, [m, n]. */
  void put(float[] y, int i, Tensor tensor) {
    for (int row = 0; row < m(); row++) {
      int at = offsets[2 * count() + i] + row * sizesAndSteps[7];
      tensor.floats().put(at, y, row * n(), n());
    }
  }

  private static float[] copy(
      Tensor tensor, int offset, int rows, int rowStep, int columns, int columnStep) {
    float[] matrix = new float[rows * columns];
    var values = tensor.floats();
    for (int i = 0; i < matrix.length; i++) {
      matrix[i] = values.get(offset + i / columns * rowStep + i % columns * columnStep);
    }
    return matrix;
  }

  /** Where each matrix begins; leading dimensions of size 1 or missing ones repeat. */
  private static void place(int[] shape, int[] steps, int[] lead, int[] offsets, int first) {
    int missing = lead.length + 2 - shape.length;
    int[] at = new int[lead.length];
    int count = offsets.length / 3;
    for (int i = 0; i < count; i++) {
      int offset = 0;
      for (int d = missing; d < lead.length; d++) {
        offset += shape[d - missing] == 1 ? 0 : at[d] * steps[d - missing];
      }
      offsets[first + i] = offset;
      for (int d = lead.length - 1; d >= 0 && ++at[d] == lead[d]; d--) {
        at[d] = 0;
      }
    }
  }
}

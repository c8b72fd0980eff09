// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Multiplies, then adds: two roundings a term. */
final class PlainRowSums implements RowSums {

  @Override
  public void row(
      float[] values,
      int[] columns,
      int from,
      int to,
      float[] panel,
      int tokens,
      float[] sums,
      int at) {
    float[] sum = new float[tokens];
    for (int p = from; p < to; p++) {
      int column = columns.length > 0 ? columns[p] : p - from;
      addScaled(values[p], panel, column * tokens, sum);
    }
    System.arraycopy(sum, 0, sums, at, tokens);
  }

  @Override
  public String name() {
    return "plain Java";
  }

  private static void addScaled(float w, float[] panel, int offset, float[] sum) {
    for (int t = 0; t < sum.length; t++) {
      sum[t] += w * panel[offset + t];
    }
  }
}

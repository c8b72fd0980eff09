// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Inputs of a product in the type of its weights, bit by bit as the native kernels make them. */
final class JavaInputs {

  private JavaInputs() {}

  /** Rounds to bf16 in place. */
  static void bf16(float[] x) {
    for (int i = 0; i < x.length; i++) {
      x[i] = TypedValues.fromBf16((short) TypedValues.toBf16(x[i]));
    }
  }

  /**
   * Quantises each token in place: {@code s = max|x| / 127}, {@code q = round_to_even(x * (1 / s))}
   * within [-127, 127]; NaN gives 0.
   *
   * @param x token t and input i at {@code t * stepT + i * stepK}
   * @return s [tokens]
   */
  static float[] int8(float[] x, int tokens, int k, int stepT, int stepK) {
    float[] scales = new float[tokens];
    for (int t = 0; t < tokens; t++) {
      float largest = 0;
      for (int i = 0; i < k; i++) {
        float a = Math.abs(x[t * stepT + i * stepK]);
        largest = a > largest ? a : largest; // not Math.max: NaN is passed over
      }
      scales[t] = largest / 127f;
      float inverse = scales[t] > 0 ? 1f / scales[t] : 0f;
      for (int i = 0; i < k; i++) {
        int at = t * stepT + i * stepK;
        float y = x[at] * inverse;
        x[at] = y > 127f ? 127f : y < -127f ? -127f : Float.isNaN(y) ? 0f : (float) Math.rint(y);
      }
    }
    return scales;
  }

  /**
   * {@code sums[row][t] = s[t] * scale[row] * exact sum}, for rows begin to end.
   *
   * @param panel whole numbers [inputs][tokens]
   */
  static void multiply(
      JavaWeights.Data w, int inputs, int begin, int end, float[] panel, float[] s, float[] sums) {
    int tokens = s.length;
    int[] sum = new int[tokens];
    for (int row = begin; row < end; row++) {
      java.util.Arrays.fill(sum, 0);
      int from = w.begin(row, inputs);
      int to = w.begin(row + 1, inputs);
      for (int p = from; p < to; p++) {
        int at = w.column(row, p, inputs) * tokens;
        int weight = (int) w.values()[p];
        for (int t = 0; t < tokens; t++) {
          sum[t] += weight * (int) panel[at + t];
        }
      }
      for (int t = 0; t < tokens; t++) {
        sums[(row - begin) * tokens + t] = sum[t] * (s[t] * w.scales()[row]);
      }
    }
  }
}

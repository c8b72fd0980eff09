// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Type of stored weights. */
public enum WeightType {
  /** IEEE 754 single precision. */
  FP32(4),
  /** The upper half of single precision; products are fp32 sums of inputs rounded to it. */
  BF16(2),
  /**
   * Signed bytes with one fp32 scale per output: {@code w = scale[row] * byte}. Inputs are
   * quantised per token, {@code s = max|x| / 127} and {@code q = round_to_even(x / s)}; sums are
   * exact int32, and {@code y = s * scale[row] * sum}.
   */
  INT8(1);

  private final int bytes;

  WeightType(int bytes) {
    this.bytes = bytes;
  }

  /** Width of one weight in bytes. */
  public int bytes() {
    return bytes;
  }
}

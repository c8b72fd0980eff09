// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/**
 * Geometry of 2-d pooling over NCHW data; sizes in pixels.
 *
 * @param ceil a last window that starts inside the data (or its left padding) but ends outside
 *     counts
 * @param countPadding average pooling divides by the window's size clipped to the padded data
 *     instead of the number of real pixels
 */
public record PoolShape(
    Kind kind,
    int kernelH,
    int kernelW,
    int strideH,
    int strideW,
    int padH,
    int padW,
    boolean ceil,
    boolean countPadding) {

  /** What one window gives. The order is the code of the C API. */
  public enum Kind {
    /** The largest pixel; NaN when one is NaN. */
    MAX,
    /** The mean. */
    AVERAGE
  }

  /** Checks ranges: kernel and stride at least 1, padding from 0 to half the kernel. */
  public PoolShape {
    Check.atLeast("kernelH", kernelH, 1);
    Check.atLeast("kernelW", kernelW, 1);
    Check.atLeast("strideH", strideH, 1);
    Check.atLeast("strideW", strideW, 1);
    Check.that(
        padH >= 0 && padH <= kernelH / 2,
        "padH is %d, allowed is 0 to half the kernel height (%d)",
        padH,
        kernelH / 2);
    Check.that(
        padW >= 0 && padW <= kernelW / 2,
        "padW is %d, allowed is 0 to half the kernel width (%d)",
        padW,
        kernelW / 2);
  }

  /** Square window with one stride and no padding. */
  public static PoolShape square(Kind kind, int kernel, int stride) {
    return new PoolShape(kind, kernel, kernel, stride, stride, 0, 0, false, true);
  }

  /** Output rows for {@code height} input rows; below 1 when the window does not fit. */
  public int outputH(int height) {
    return outputs(height, kernelH, strideH, padH);
  }

  /** Output columns for {@code width} input columns; below 1 when the window does not fit. */
  public int outputW(int width) {
    return outputs(width, kernelW, strideW, padW);
  }

  private int outputs(int size, int kernel, int stride, int pad) {
    long span = size + 2L * pad - kernel;
    if (span < 0) {
      return 0;
    }
    long count = (ceil ? (span + stride - 1) / stride : span / stride) + 1;
    if (ceil && (count - 1) * stride >= (long) size + pad) {
      count--; // the last window would start in the right padding
    }
    return Math.toIntExact(count);
  }
}

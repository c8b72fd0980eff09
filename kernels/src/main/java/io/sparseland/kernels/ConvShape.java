// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/**
 * Geometry of a 2-d convolution over NCHW data; sizes in pixels.
 *
 * @param groups the channels are split in this many groups, each with its own outputs
 */
public record ConvShape(
    int kernelH,
    int kernelW,
    int strideH,
    int strideW,
    int padH,
    int padW,
    int dilationH,
    int dilationW,
    int groups) {

  /** Checks ranges: kernel, stride, dilation and groups at least 1, padding at least 0. */
  public ConvShape {
    Check.atLeast("kernelH", kernelH, 1);
    Check.atLeast("kernelW", kernelW, 1);
    Check.atLeast("strideH", strideH, 1);
    Check.atLeast("strideW", strideW, 1);
    Check.atLeast("padH", padH, 0);
    Check.atLeast("padW", padW, 0);
    Check.atLeast("dilationH", dilationH, 1);
    Check.atLeast("dilationW", dilationW, 1);
    Check.atLeast("groups", groups, 1);
  }

  /** Square kernel with one stride and one padding, no dilation, one group. */
  public static ConvShape square(int kernel, int stride, int pad) {
    return new ConvShape(kernel, kernel, stride, stride, pad, pad, 1, 1, 1);
  }

  /** Whether each output reads one channel alone, given the inputs of an output. */
  public boolean isDepthwise(int inputs) {
    return groups > 1 && inputs == kernelH * kernelW;
  }

  /** Output rows for {@code height} input rows; below 1 when the kernel does not fit. */
  public int outputH(int height) {
    return outputs(height, kernelH, strideH, padH, dilationH);
  }

  /** Output columns for {@code width} input columns; below 1 when the kernel does not fit. */
  public int outputW(int width) {
    return outputs(width, kernelW, strideW, padW, dilationW);
  }

  private static int outputs(int size, int kernel, int stride, int pad, int dilation) {
    long span = size + 2L * pad - ((long) dilation * (kernel - 1) + 1);
    return span < 0 ? 0 : Math.toIntExact(span / stride + 1);
  }
}

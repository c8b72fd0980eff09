// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.types.Shape;

/**
 * A weight seen as a matrix {@code [out, in]}, row-major in stored order.
 *
 * <p>For a convolution {@code in = channels · kernelH · kernelW}, channel-major: column {@code (c ·
 * kernelH + h) · kernelW + w} is input channel {@code c} of the row's group at kernel position
 * {@code (h, w)}. A one-dimensional kernel has {@code kernelH = 1}.
 *
 * @param out rows: outputs
 * @param in columns: weights of one output
 * @param channels input channels of one group; equal to {@code in} for a linear layer
 * @param kernelH kernel height; 1 for a linear layer
 * @param kernelW kernel width; 1 for a linear layer
 * @param groups groups; rows are split evenly between them, in order
 */
public record Geometry(int out, int in, int channels, int kernelH, int kernelW, int groups) {

  /** Checks that the numbers fit together. */
  public Geometry {
    if (out < 1 || channels < 1 || kernelH < 1 || kernelW < 1 || groups < 1) {
      throw new IllegalArgumentException(
          "geometry needs positive sizes, found out=%d channels=%d kernel=%dx%d groups=%d"
              .formatted(out, channels, kernelH, kernelW, groups));
    }
    if ((long) channels * kernelH * kernelW != in) {
      throw new IllegalArgumentException(
          "geometry needs in = channels * kernelH * kernelW, found in=%d channels=%d kernel=%dx%d"
              .formatted(in, channels, kernelH, kernelW));
    }
    if (out % groups != 0) {
      throw new IllegalArgumentException(
          "groups (%d) must divide the outputs (%d)".formatted(groups, out));
    }
    if ((long) out * in > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a weight may have at most 2^31-1 values, found %d x %d".formatted(out, in));
    }
  }

  /** A plain matrix {@code [out, in]}. */
  public static Geometry linear(int out, int in) {
    return new Geometry(out, in, in, 1, 1, 1);
  }

  /**
   * The kernel of a convolution.
   *
   * @param weight {@code [out, in/groups, kernel...]} with one to three kernel dimensions; of
   *     three, the first two are counted together as {@code kernelH}
   * @param groups groups of the convolution
   */
  public static Geometry convolution(Shape weight, int groups) {
    int rank = weight.dimension();
    if (rank < 3 || rank > 5) {
      throw new IllegalArgumentException(
          "a convolution weight has 3 to 5 dimensions, found " + weight);
    }
    int height = 1;
    for (int d = 2; d < rank - 1; d++) {
      height = Math.multiplyExact(height, Math.toIntExact(weight.get(d)));
    }
    int width = Math.toIntExact(weight.get(rank - 1));
    int channels = Math.toIntExact(weight.get(1));
    int in = Math.multiplyExact(Math.multiplyExact(channels, height), width);
    return new Geometry(Math.toIntExact(weight.get(0)), in, channels, height, width, groups);
  }

  /** Number of weights. */
  public int size() {
    return out * in;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Geometry;

/**
 * The input of a convolution as the matrix its weight is multiplied with.
 *
 * <p>Row {@code p} of the patches of a group holds what the kernel sees at output position {@code
 * p} (sample, row, column, in this order); column {@code (c · kernelH + h) · kernelW + w} belongs
 * to the same column of the weight, so {@code Y = patches · W^T}. Padding counts as zeros.
 */
public final class Patches {

  /** Sees the patches of one group, piece by piece. */
  @FunctionalInterface
  public interface Consumer {

    /**
     * One piece.
     *
     * @param group which group
     * @param patches {@code [positions, in]}; only valid during the call
     */
    void accept(int group, NDArray patches);
  }

  private final Geometry geometry;
  private final long strideH;
  private final long strideW;
  private final long dilationH;
  private final long dilationW;
  private final long outH;
  private final long outW;
  private final NDArray padded; // [N, C, H + 2 padding, W + 2 padding]

  private Patches(NDArray input, Geometry geometry, LayerUse use) {
    boolean flat = use.stride().dimension() == 1;
    if (use.stride().dimension() > 2 || use.stride().dimension() == 0) {
      throw new IllegalArgumentException(
          "patches are for convolutions with 1 or 2 kernel dimensions, found " + use);
    }
    long padH = flat ? 0 : use.padding().get(0);
    long padW = last(use.padding());
    this.geometry = geometry;
    this.strideH = flat ? 1 : use.stride().get(0);
    this.strideW = last(use.stride());
    this.dilationH = flat ? 1 : use.dilation().get(0);
    this.dilationW = last(use.dilation());
    NDArray image = flat ? input.expandDims(2) : input;
    if (image.getShape().dimension() != 4
        || image.getShape().get(1) != (long) geometry.channels() * geometry.groups()) {
      throw new IllegalArgumentException(
          "input %s does not fit %s".formatted(input.getShape(), geometry));
    }
    this.padded = padH == 0 && padW == 0 ? image : image.pad(new Shape(padW, padW, padH, padH), 0);
    Shape shape = padded.getShape();
    this.outH = (shape.get(2) - dilationH * (geometry.kernelH() - 1) - 1) / strideH + 1;
    this.outW = (shape.get(3) - dilationW * (geometry.kernelW() - 1) - 1) / strideW + 1;
  }

  /**
   * All patches, in pieces of bounded memory: samples in order, within a sample output rows in
   * order, for each piece all groups.
   *
   * @param input {@code [N, C, H, W]} or {@code [N, C, W]}
   * @param geometry of the weight
   * @param use of the weight
   * @param maxBytes largest piece; a piece holds at least one output row of one sample
   */
  public static void forEach(
      NDArray input, Geometry geometry, LayerUse use, long maxBytes, Consumer consumer) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      Patches patches = new Patches(input, geometry, use);
      long rowBytes = patches.outW * geometry.in() * input.getDataType().getNumOfBytes();
      long rows = Math.max(1, Math.min(patches.outH, maxBytes / Math.max(1, rowBytes)));
      long samples = rows < patches.outH ? 1 : Math.max(1, maxBytes / (rowBytes * patches.outH));
      long count = input.getShape().get(0);
      for (long n = 0; n < count; n += samples) {
        for (long h = 0; h < patches.outH; h += rows) {
          long lastSample = Math.min(count, n + samples);
          long lastRow = Math.min(patches.outH, h + rows);
          for (int g = 0; g < geometry.groups(); g++) {
            try (NDScope piece = new NDScope()) {
              piece.suppressNotUsedWarning();
              consumer.accept(g, patches.piece(g, n, lastSample, h, lastRow));
            }
          }
        }
      }
    }
  }

  /**
   * Sum over all positions of the squared input under each weight.
   *
   * @return fp64 {@code [groups, in]}; divide by {@link #positions} for the mean. The caller closes
   *     it
   */
  public static NDArray sumOfSquares(NDArray input, Geometry geometry, LayerUse use) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      Patches patches = new Patches(input, geometry, use);
      NDList sums = new NDList();
      for (int h = 0; h < geometry.kernelH(); h++) {
        for (int w = 0; w < geometry.kernelW(); w++) {
          NDArray sum;
          try (NDScope one = new NDScope()) {
            one.suppressNotUsedWarning();
            sum =
                patches
                    .seen(":", h, w, 0, patches.outH) // [N, C, outH, outW]
                    .square()
                    .sum(new int[] {3}) // fp32 along one row, fp64 over the rows
                    .toType(DataType.FLOAT64, false)
                    .sum(new int[] {0, 2});
            NDScope.unregister(sum);
          }
          NDScope.register(sum);
          sums.add(sum); // [C]
        }
      }
      NDArray all =
          NDArrays.stack(sums, 1) // [C, kernelH * kernelW]
              .reshape(geometry.groups(), geometry.in());
      NDScope.unregister(all);
      return all;
    }
  }

  /** Number of output positions, all samples together. */
  public static long positions(NDArray input, Geometry geometry, LayerUse use) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      Patches patches = new Patches(input, geometry, use);
      return input.getShape().get(0) * patches.outH * patches.outW;
    }
  }

  private NDArray piece(int group, long n0, long n1, long h0, long h1) {
    int channels = geometry.channels();
    String which = "%d:%d,%d:%d".formatted(n0, n1, group * channels, (group + 1) * channels);
    NDList columns = new NDList();
    for (int h = 0; h < geometry.kernelH(); h++) {
      for (int w = 0; w < geometry.kernelW(); w++) {
        columns.add(seen(which, h, w, h0, h1)); // [n, c, rows, outW]
      }
    }
    long positions = (n1 - n0) * (h1 - h0) * outW;
    return NDArrays.stack(columns, 2) // [n, c, kernelH * kernelW, rows, outW]
        .transpose(0, 3, 4, 1, 2)
        .reshape(positions, geometry.in()); // [positions, in]
  }

  /** What kernel position (h, w) sees at output rows h0 to h1. */
  private NDArray seen(String which, int h, int w, long h0, long h1) {
    long top = h * dilationH + h0 * strideH;
    long left = w * dilationW;
    String index = which.equals(":") ? ":,:" : which;
    return padded.get(
        new NDIndex(
            "%s,%d:%d:%d,%d:%d:%d"
                .formatted(
                    index,
                    top,
                    top + (h1 - h0 - 1) * strideH + 1,
                    strideH,
                    left,
                    left + (outW - 1) * strideW + 1,
                    strideW)));
  }

  private static long last(Shape shape) {
    return shape.get(shape.dimension() - 1);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The native functions, one to one with the C API. Direct buffers only; the native side checks that
 * each is direct and large enough. Functions return a status, or throw {@link
 * IllegalArgumentException} for a bad buffer.
 */
final class NativeCalls {

  static final int OK = 0;
  static final int NO_MEMORY = 1;

  private NativeCalls() {}

  static native boolean available(int level);

  static native String levelName(int level);

  /** Null when oneDNN is loaded from the folder, else why not. */
  static native @Nullable String onednnLoad(String folder);

  /** Name of a design, "" behind the last. */
  static native String designName(int design);

  /**
   * Why a design does not take the matrix, or null.
   *
   * @param matrix type, n, k, number of kept values
   */
  static native @Nullable String refuses(
      int level,
      int design,
      int[] matrix,
      @Nullable LongBuffer mask,
      ByteBuffer values,
      @Nullable FloatBuffer scales);

  /**
   * The handle of the packed weights, or minus the status.
   *
   * @param window of a convolution: kernel h and w, stride h and w, padding h and w, dilation h and
   *     w, groups; null for a linear layer
   * @param matrix type, n, k, number of kept values
   */
  static native long pack(
      int level,
      int design,
      int @Nullable [] window,
      int[] matrix,
      @Nullable LongBuffer mask,
      ByteBuffer values,
      @Nullable FloatBuffer scales);

  static native long weightsBytes(long weights);

  static native void weightsFree(long weights);

  static native int linear(
      long weights,
      int n,
      int k,
      @Nullable ByteBuffer bias,
      int act,
      int m,
      int layoutX,
      ByteBuffer x,
      int layoutY,
      @Nullable ByteBuffer residual,
      ByteBuffer y,
      int threads);

  static native int convert(
      int level, int m, int k, boolean toPanels, ByteBuffer x, ByteBuffer y, int threads);

  /**
   * @param shape batch, channels, height, width, outputs, out height, out width, kernel h and w,
   *     stride h and w, padding h and w, dilation h and w, groups
   */
  static native int conv2d(
      long weights,
      @Nullable ByteBuffer bias,
      int act,
      int[] shape,
      ByteBuffer x,
      ByteBuffer y,
      int threads);

  /**
   * @param shape m, k, n, steps of a, b (from row to row, from column to column) and y (from row to
   *     row)
   * @param offsets of a, b and y, as many each as there are products
   */
  static native int matmul(
      int level, int[] shape, int[] offsets, ByteBuffer a, ByteBuffer b, ByteBuffer y, int threads);

  /**
   * @param shape planes, height, width, out height, out width, kernel h and w, stride h and w,
   *     padding h and w, kind, count padding
   */
  static native int pool2d(int level, int[] shape, ByteBuffer x, ByteBuffer y, int threads);

  static native int layerNorm(
      int level,
      int outer,
      int n,
      int inner,
      ByteBuffer x,
      ByteBuffer scale,
      ByteBuffer shift,
      float epsilon,
      ByteBuffer y,
      int threads);

  static native int channelAffine(
      int level,
      int outer,
      int channels,
      int inner,
      ByteBuffer x,
      ByteBuffer scale,
      ByteBuffer shift,
      ByteBuffer y,
      int threads);

  static native int unary(
      int level, int op, float p0, float p1, int size, ByteBuffer x, ByteBuffer y, int threads);

  static native int binary(
      int level,
      int op,
      int[] sizes,
      int[] stepsA,
      int[] stepsB,
      ByteBuffer a,
      ByteBuffer b,
      ByteBuffer y,
      int threads);

  static native int softmax(
      int level, int outer, int n, int inner, boolean log, ByteBuffer x, ByteBuffer y, int threads);

  static native int reduce(
      int level, int op, int outer, int n, int inner, ByteBuffer x, ByteBuffer y, int threads);
}

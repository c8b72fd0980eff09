// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One implementation of the operations behind {@link CheckedKernels}, which has checked every
 * shape, type and overlap and has reduced shapes to the few sizes that a kernel needs.
 */
interface KernelSet {

  String name();

  List<String> designs();

  /** Why a design of this set does not take the matrix; null when it does. */
  @Nullable String refuses(Matrix w, String design);

  /** Packs for a design that does not refuse. */
  PackedWeights pack(Matrix w, String design);

  /** Whether the weights were made by this set. */
  boolean packed(PackedWeights w);

  /** x [m, k], y and residual [m, n], in the layouts they have. */
  void linear(
      PackedWeights w,
      @Nullable Tensor bias,
      Activation act,
      @Nullable Tensor residual,
      int m,
      Tensor x,
      Tensor y);

  /** [m, k] to the other layout. */
  void convert(int m, int k, Tensor x, Tensor y);

  void conv2d(
      PackedWeights w, @Nullable Tensor bias, Activation act, ConvShape s, Tensor x, Tensor y);

  void pool2d(PoolShape s, Tensor x, Tensor y);

  /** x, y [outer, n, inner], along n. */
  void layerNorm(
      int outer, int n, int inner, Tensor x, Tensor scale, Tensor shift, float epsilon, Tensor y);

  /** x, y [outer, channels, inner]. */
  void channelAffine(
      int outer, int channels, int inner, Tensor x, Tensor scale, Tensor shift, Tensor y);

  void unary(UnaryOp op, float p0, float p1, Tensor x, Tensor y);

  void binary(BinaryOp op, Broadcast plan, Tensor a, Tensor b, Tensor y);

  /** x, y [outer, n, inner], along n. */
  void softmax(int outer, int n, int inner, boolean log, Tensor x, Tensor y);

  void matmul(Products shape, Tensor a, Tensor b, Tensor y);

  /** x [outer, n, inner] to y [outer, inner]. */
  void reduce(ReduceOp op, int outer, int n, int inner, Tensor x, Tensor y);
}

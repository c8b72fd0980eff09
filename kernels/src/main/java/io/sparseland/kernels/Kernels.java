// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every operation of the runtime once. Implementations: the native library at one of the levels
 * {@code avx512}, {@code avx2} and {@code scalar}, and {@code java}. All are safe for use by
 * several threads at once, give the same bits for any number of {@link Threads}, and write only
 * {@code y}.
 *
 * <p>Data is fp32 unless stated; weights have a {@link WeightType}. Every sum of products of {@code
 * n} terms obeys {@code |y - exact| <= n * 2^-24 * sum|w * x|}; infinities and NaN propagate as
 * IEEE 754 says. Functions built on exp and erf are within 4 units in the last place, or 2e-7
 * absolutely where the result is below 1.
 *
 * <p>Tensors are in {@link Layout#ROWS} unless said otherwise. {@link Layout#PANELS} are allowed in
 * {@link #linear} for each of x and y, and, in all fp32 tensors of a call alike, in {@link #unary},
 * {@link #layerNorm}, {@link #softmax} along the last axis, and {@link #binary} of equal shapes or
 * with a {@code [features]} or one-element operand in rows.
 *
 * <p>{@code y} may be the same tensor as an input of the same shape in {@link #unary}, {@link
 * #binary}, {@link #softmax}, {@link #layerNorm} and {@link #channelAffine}; elsewhere its memory
 * must not overlap with an input's. Wrong shapes or types are an {@link IllegalArgumentException}
 * that names operation, tensor, what was found and what is allowed.
 */
public interface Kernels {

  /** Design that keeps all weights. */
  String DENSE = "dense";

  /** Design that keeps all weights and runs by oneDNN, where it is there: {@link OneDnn}. */
  String ONEDNN = "onednn";

  /** Design that takes any pattern: kept weights one by one. */
  String SPARSE = "csr";

  /**
   * The fastest kernels that this machine can run: native unless {@code -Dsparseland.native=off} or
   * the library cannot be loaded; why is told by {@link NativeLibrary#status()} and logged once.
   * The environment variable {@code SPARSELAND_ISA} forces a level.
   *
   * @throws IllegalArgumentException if {@code SPARSELAND_ISA} names no level that this machine has
   */
  static Kernels best() {
    return KernelSets.best();
  }

  /**
   * The kernels of one level.
   *
   * @param level {@code avx512}, {@code avx2}, {@code scalar} or {@code java}
   * @throws IllegalArgumentException if this machine does not have it, with those that it has
   */
  static Kernels of(String level) {
    return KernelSets.of(level);
  }

  /** Levels that {@link #of} accepts here, fastest first; {@code java} is always the last. */
  static List<String> levels() {
    return KernelSets.levels();
  }

  /** {@code avx512}, {@code avx2}, {@code scalar} or {@code java}. */
  String name();

  /**
   * Names of the designs that matrices can be packed for: layouts of weights with their kernels.
   * {@value #DENSE} and {@value #SPARSE} are always among them; all give the same results but for
   * the order of sums.
   */
  List<String> designs();

  /**
   * Why a design does not take a matrix, for people; empty when it does.
   *
   * @throws IllegalArgumentException if there is no such design
   */
  Optional<String> refuses(Matrix w, String design);

  /**
   * Packs a matrix.
   *
   * @throws IllegalArgumentException if there is no such design or it refuses the matrix
   */
  PackedWeights pack(Matrix w, String design);

  /**
   * Packs a matrix in two forms, or in one if both designs are the same.
   *
   * @param decode design for few tokens
   * @param batch design for many tokens, and for convolutions
   * @param batchFrom smallest number of tokens that the batch form multiplies
   * @throws IllegalArgumentException if there is no such design or it refuses the matrix
   */
  PackedWeights pack(Matrix w, String decode, String batch, int batchFrom);

  /**
   * {@code y = act(x * w' + bias) + residual}.
   *
   * @param w [n, k]
   * @param bias [n] or null
   * @param residual [..., n] in y's layout, or null
   * @param x [..., k]
   * @param y [..., n]
   */
  void linear(
      PackedWeights w,
      @Nullable Tensor bias,
      Activation act,
      @Nullable Tensor residual,
      Tensor x,
      Tensor y);

  /** {@code y = act(x * w' + bias)}. */
  default void linear(PackedWeights w, @Nullable Tensor bias, Activation act, Tensor x, Tensor y) {
    linear(w, bias, act, null, x, y);
  }

  /** Brings x from its layout to that of y, which has the same shape. */
  void convert(Tensor x, Tensor y);

  /**
   * 2-d convolution (cross-correlation).
   *
   * @param w [out, in / groups * kernelH * kernelW]
   * @param bias [out] or null
   * @param x [batch, in, height, width]
   * @param y [batch, out, outputH, outputW]
   */
  void conv2d(
      PackedWeights w, @Nullable Tensor bias, Activation act, ConvShape s, Tensor x, Tensor y);

  /** Pooling: x [batch, channels, height, width], y [batch, channels, outputH, outputW]. */
  void pool2d(PoolShape s, Tensor x, Tensor y);

  /**
   * {@code y = (x - mean) / sqrt(variance + epsilon) * scale + shift} over the last axis.
   *
   * @param scale [last]
   * @param shift [last]
   */
  void layerNorm(Tensor x, Tensor scale, Tensor shift, float epsilon, Tensor y);

  /** {@code y = x * scale[c] + shift[c]}, c along axis 1. */
  void channelAffine(Tensor x, Tensor scale, Tensor shift, Tensor y);

  /** Element-wise function; what p0 and p1 mean is said by the operation. */
  void unary(UnaryOp op, float p0, float p1, Tensor x, Tensor y);

  /**
   * Element-wise function of two tensors whose shapes broadcast to that of y (aligned at the end).
   */
  void binary(BinaryOp op, Tensor a, Tensor b, Tensor y);

  /** {@code y = exp(x) / sum(exp(x))} along the axis (negative counts from the end), or its log. */
  void softmax(int axis, boolean log, Tensor x, Tensor y);

  /** Axis i of y is axis permutation[i] of x. Any type. */
  void transpose(int[] permutation, Tensor x, Tensor y);

  /**
   * Rows of a table.
   *
   * @param table [rows, width]
   * @param ids [...], int32, int64, or fp32 holding whole numbers
   * @param y [..., width]
   * @throws IndexOutOfBoundsException if an id is not in [0, rows)
   */
  void embedding(Tensor table, Tensor ids, Tensor y);

  /** Matrix product [..., m, k] x [..., k, n] to [..., m, n]; leading dimensions broadcast. */
  default void matmul(Tensor a, Tensor b, Tensor y) {
    matmul(Turned.of(a), Turned.of(b), Turned.of(y));
  }

  /**
   * Matrix product of tensors whose axes are read, and written, in another order; nothing is moved.
   * The columns of y must stay its last axis.
   */
  void matmul(Turned a, Turned b, Turned y);

  /**
   * Combines elements along the axes (negative counts from the end).
   *
   * @param y shape of x with these axes set to 1 or left out
   */
  void reduce(ReduceOp op, int[] axes, Tensor x, Tensor y);

  /** Joins tensors along an axis (negative counts from the end). Any type, the same for all. */
  void concat(int axis, List<Tensor> xs, Tensor y);

  /** Elements begin, begin + step, ... along the axis, as many as y has. Any type. */
  void slice(int axis, int begin, int step, Tensor x, Tensor y);
}

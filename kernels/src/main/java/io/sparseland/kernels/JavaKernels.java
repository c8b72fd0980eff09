// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** All operations in plain Java: what is used without the native library, and its twin in tests. */
final class JavaKernels implements KernelSet {

  @Override
  public String name() {
    return "java";
  }

  @Override
  public List<String> designs() {
    return List.of(Kernels.DENSE, Kernels.SPARSE);
  }

  @Override
  public @Nullable String refuses(Matrix w, String design) {
    return null;
  }

  @Override
  public PackedWeights pack(Matrix w, String design) {
    return new JavaWeights(w, design);
  }

  @Override
  public boolean packed(PackedWeights w) {
    return w instanceof JavaWeights;
  }

  @Override
  public void linear(
      PackedWeights w,
      @Nullable Tensor bias,
      Activation act,
      @Nullable Tensor residual,
      int m,
      Tensor x,
      Tensor y) {
    JavaProducts.linear((JavaWeights) w, bias, act, m, x, y);
    if (residual != null) {
      JavaPointwise.add(residual, y);
    }
  }

  @Override
  public void convert(int m, int k, Tensor x, Tensor y) {
    JavaPanels.convert(m, k, x, y);
  }

  @Override
  public void conv2d(
      PackedWeights w, @Nullable Tensor bias, Activation act, ConvShape s, Tensor x, Tensor y) {
    JavaConvolution.conv2d((JavaWeights) w, bias, act, s, x, y);
  }

  @Override
  public void pool2d(PoolShape s, Tensor x, Tensor y) {
    JavaPooling.pool2d(s, x, y);
  }

  @Override
  public void layerNorm(
      int outer, int n, int inner, Tensor x, Tensor scale, Tensor shift, float epsilon, Tensor y) {
    JavaRows.layerNorm(outer, n, inner, x, new JavaRows.Norm(scale, shift, epsilon), y);
  }

  @Override
  public void channelAffine(
      int outer, int channels, int inner, Tensor x, Tensor scale, Tensor shift, Tensor y) {
    JavaPointwise.channelAffine(outer, channels, inner, x, scale, shift, y);
  }

  @Override
  public void unary(UnaryOp op, float p0, float p1, Tensor x, Tensor y) {
    JavaPointwise.unary(op, p0, p1, x, y);
  }

  @Override
  public void binary(BinaryOp op, Broadcast plan, Tensor a, Tensor b, Tensor y) {
    JavaPointwise.binary(op, plan, a, b, y);
  }

  @Override
  public void softmax(int outer, int n, int inner, boolean log, Tensor x, Tensor y) {
    JavaRows.softmax(outer, n, inner, log, x, y);
  }

  @Override
  public void matmul(Products shape, Tensor a, Tensor b, Tensor y) {
    JavaProducts.matmul(shape, a, b, y);
  }

  @Override
  public void reduce(ReduceOp op, int outer, int n, int inner, Tensor x, Tensor y) {
    JavaRows.reduce(op, outer, n, inner, x, y);
  }
}

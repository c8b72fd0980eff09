// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Wrong arguments: refused before any kernel runs, with what was found and what is allowed. */
class BadInputTest {

  private final Kernels kernels = Kernels.best();
  private final Samples samples = new Samples(1);

  @Test
  void matrices_check_counts_masks_and_scales() {
    refused(() -> Matrix.dense(2, 3, FloatBuffer.allocate(5)), "5 values for [2, 3]");
    refused(() -> Matrix.dense(0, 3, FloatBuffer.allocate(0)), "sizes of 1 or more");
    Matrix w = Matrix.dense(3, 2, FloatBuffer.allocate(6));
    refused(() -> w.under(new ConvShape(1, 1, 1, 1, 0, 0, 1, 1, 2)), "that divide 3 outputs");
    refused(() -> w.under(ConvShape.square(3, 1, 1)), "that divide 2 inputs");
    refused(
        () -> Matrix.sparse(2, 3, LongBuffer.allocate(2), FloatBuffer.allocate(0)), "2 mask words");
    refused(() -> sparse(0b111, 2), "2 values, the mask keeps 3");
    refused(() -> sparse(0b1000000, 1), "bits behind the last");
    refused(() -> int8(1f), "1 scales, allowed are 2");
    refused(() -> int8(1f, Float.NaN), "scale 1 is NaN, allowed are finite numbers of 0 or more");
    refused(() -> int8(Float.POSITIVE_INFINITY, 1f), "scale 0 is Infinity");
    refused(() -> int8(1f, -1f), "scale 1 is -1.0");
    refused(
        () -> new TypedValues(WeightType.INT8, ByteBuffer.allocate(6), null),
        "INT8 without scales");
    refused(
        () -> new TypedValues(WeightType.BF16, ByteBuffer.allocate(5), null), "5 bytes of BF16");
    refused(
        () -> Matrix.dense(1, 2, FloatBuffer.wrap(new float[] {1, Float.NaN})).as(WeightType.INT8),
        "weight 1 is NaN, allowed are finite numbers");
    refused(
        () -> Matrix.dense(1, 1 << 18, FloatBuffer.allocate(1 << 18)).as(WeightType.INT8),
        "262144 inputs of INT8, allowed are 131072");
  }

  @Test
  void packing_names_the_designs_there_are_and_why_one_refuses() {
    Matrix w = Matrix.dense(2, 3, FloatBuffer.allocate(6));

    refused(() -> kernels.pack(w, "magic"), "design 'magic', the " + kernels.name());
    refused(() -> kernels.pack(w, Kernels.DENSE, "magic", 2), "design 'magic'");
    refused(() -> kernels.pack(w, Kernels.DENSE, Kernels.SPARSE, 0), "batchFrom is 0");
    for (String design : kernels.designs()) {
      kernels
          .refuses(w, design)
          .ifPresent(
              why -> refused(() -> kernels.pack(w, design), "design '" + design + "' refuses"));
    }
  }

  @Test
  void linear_checks_shapes_types_and_the_bias() {
    PackedWeights w = samples.matrix(2, 3, 0).dense(kernels);
    Tensor x = samples.tensor(4, 3);
    Tensor y = samples.tensor(4, 2);

    refused(() -> linear(w, null, samples.tensor(4, 4), y), "x is FLOAT32[4, 4]");
    refused(() -> linear(w, null, x, samples.tensor(4, 3)), "allowed is [4, 2]");
    refused(() -> linear(w, samples.tensor(3), x, y), "bias is FLOAT32[3]");
    refused(
        () -> linear(w, null, Tensor.allocate(ElementType.INT32, 4, 3), y), "allowed is FLOAT32");
    Tensor readOnly =
        Tensor.wrap(
            y.bytes().asReadOnlyBuffer().order(java.nio.ByteOrder.nativeOrder()),
            ElementType.FLOAT32,
            4,
            2);
    refused(() -> linear(w, null, x, readOnly), "read-only");
    w.close();
  }

  @Test
  void convolution_and_pooling_check_that_all_fits() {
    ConvShape s = ConvShape.square(3, 1, 0);
    PackedWeights w = samples.matrix(4, 18, 0).pack(kernels, s, false);
    PackedWeights linear = samples.matrix(4, 18, 0).dense(kernels);
    Tensor y = samples.tensor(1, 4, 3, 3);

    refused(() -> conv(w, s, samples.tensor(1, 3, 5, 5), y), "the weights 18 inputs");
    refused(() -> conv(w, s, samples.tensor(1, 2, 2, 5), y), "does not fit");
    refused(() -> conv(w, s, samples.tensor(1, 2, 6, 5), y), "allowed is [1, 4, 4, 3]");
    refused(
        () -> conv(w, new ConvShape(3, 3, 1, 1, 0, 0, 1, 1, 3), samples.tensor(1, 6, 5, 5), y),
        "3 groups must divide");
    refused(
        () -> conv(w, new ConvShape(3, 3, 1, 1, 0, 0, 1, 1, 2), samples.tensor(1, 4, 5, 5), y),
        "groups=1], allowed are those of ConvShape");
    refused(() -> conv(linear, s, samples.tensor(1, 2, 5, 5), y), "packed for a linear layer");
    refused(
        () -> linear(w, null, samples.tensor(1, 18), samples.tensor(1, 4)), "for a convolution");
    refused(() -> new ConvShape(3, 3, 0, 1, 0, 0, 1, 1, 1), "strideH is 0");
    refused(
        () -> new PoolShape(PoolShape.Kind.MAX, 2, 2, 1, 1, 2, 0, false, false), "half the kernel");
    w.close();
    linear.close();
  }

  @Test
  void other_operations_check_their_shapes() {
    Tensor x = samples.tensor(2, 3);

    refused(
        () -> kernels.binary(BinaryOp.ADD, x, samples.tensor(2), samples.tensor(2, 3)), "axis 1");
    refused(() -> kernels.matmul(x, x, samples.tensor(2, 2)), "[..., m, k] x [..., k, n]");
    refused(() -> kernels.softmax(2, false, x, samples.tensor(2, 3)), "axis 2");
    refused(() -> kernels.reduce(ReduceOp.SUM, new int[] {0, 0}, x, samples.tensor(3)), "twice");
    refused(
        () -> kernels.reduce(ReduceOp.SUM, new int[] {0}, x, samples.tensor(2)), "[1, 3] or [3]");
    refused(() -> kernels.transpose(new int[] {0, 0}, x, samples.tensor(2, 2)), "no permutation");
    refused(() -> kernels.slice(1, 2, 1, x, samples.tensor(2, 2)), "slice");
    refused(() -> kernels.concat(0, List.of(x), samples.tensor(3, 3)), "2 along axis 0");
    refused(
        () -> kernels.layerNorm(x, samples.tensor(2), samples.tensor(3), 0, samples.tensor(2, 3)),
        "scale is FLOAT32[2]");
  }

  @Test
  void weights_are_used_by_the_kernels_that_packed_them_and_not_after_close() {
    for (String level : Kernels.levels()) {
      PackedWeights w = samples.matrix(2, 3, 0).sparse(Kernels.of(level));
      for (String other : Kernels.levels()) {
        if (!other.equals(level)) {
          refused(
              () ->
                  Kernels.of(other)
                      .linear(w, null, Activation.NONE, samples.tensor(1, 3), samples.tensor(1, 2)),
              "not packed by the " + other);
        }
      }
      w.close();
      w.close();
      assertThatThrownBy(
              () ->
                  Kernels.of(level)
                      .linear(w, null, Activation.NONE, samples.tensor(1, 3), samples.tensor(1, 2)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
  }

  @Test
  void an_unknown_level_names_those_that_exist() {
    refused(() -> Kernels.of("avx1024"), "level is 'avx1024', this machine has ");
    refused(() -> KernelSets.of("neon", "SPARSELAND_ISA"), "SPARSELAND_ISA is 'neon'");
  }

  @Test
  void thread_counts_have_limits() {
    refused(() -> Threads.set(0), "threads is 0, allowed is 1 to 1024");
    refused(() -> Threads.set(5000), "threads is 5000");
  }

  private void linear(
      PackedWeights w, @org.jspecify.annotations.Nullable Tensor bias, Tensor x, Tensor y) {
    kernels.linear(w, bias, Activation.NONE, x, y);
  }

  private void conv(PackedWeights w, ConvShape s, Tensor x, Tensor y) {
    kernels.conv2d(w, null, Activation.NONE, s, x, y);
  }

  private static Matrix sparse(long mask, int values) {
    return Matrix.sparse(2, 3, LongBuffer.wrap(new long[] {mask}), FloatBuffer.allocate(values));
  }

  private static Matrix int8(float... scales) {
    TypedValues values =
        new TypedValues(WeightType.INT8, ByteBuffer.allocate(6), FloatBuffer.wrap(scales));
    return new Matrix(2, 3, null, null, values);
  }

  private static void refused(ThrowingCallable call, String why) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
  }
}

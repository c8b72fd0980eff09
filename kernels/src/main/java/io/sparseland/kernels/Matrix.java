// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A weight matrix as it is stored, {@code [outputs, inputs]} row-major, whatever design will
 * multiply it.
 *
 * @param outputs rows
 * @param inputs columns
 * @param window of the convolution whose weights these are; null for a linear layer
 * @param mask bit {@code i % 64} (from the lowest) of word {@code i / 64} says whether weight
 *     {@code i} is kept; bits behind the last weight are 0; null when all are kept
 * @param values the kept weights in that order
 */
public record Matrix(
    int outputs,
    int inputs,
    @Nullable ConvShape window,
    @Nullable LongBuffer mask,
    TypedValues values) {

  /** Largest number of inputs of an INT8 matrix: int32 holds every sum of so many products. */
  public static final int MOST_INT8_INPUTS = 1 << 17;

  /**
   * Takes a read-only view of the mask and checks that all fits.
   *
   * @throws IllegalArgumentException saying what was found and what is allowed
   */
  public Matrix {
    int size = Shapes.matrix("matrix", outputs, inputs, window);
    Check.that(
        values.type() != WeightType.INT8 || inputs <= MOST_INT8_INPUTS,
        "matrix: %d inputs of INT8, allowed are %d",
        inputs,
        MOST_INT8_INPUTS);
    int kept = size;
    if (mask != null) {
      mask = mask.slice().asReadOnlyBuffer();
      int words = (int) ((size + 63L) / 64);
      Check.that(
          mask.remaining() == words,
          "matrix: %d mask words for [%d, %d], allowed are %d",
          mask.remaining(),
          outputs,
          inputs,
          words);
      kept = 0;
      for (int i = 0; i < words; i++) {
        kept += Long.bitCount(mask.get(i));
      }
      Check.that(
          size % 64 == 0 || mask.get(words - 1) >>> (size % 64) == 0,
          "matrix: the mask has bits behind the last of %d weights",
          size);
    }
    Check.that(
        values.count() == kept,
        mask == null ? "matrix: %d values for [%d, %d]" : "matrix: %d values, the mask keeps %4$d",
        values.count(),
        outputs,
        inputs,
        kept);
    FloatBuffer scales = values.scales();
    if (scales != null) {
      Check.that(
          scales.limit() == outputs,
          "matrix: %d scales, allowed are %d, one per output",
          scales.limit(),
          outputs);
      int bad = values.firstBadScale();
      Check.that(
          bad < 0,
          "matrix: scale %d is %s, allowed are finite numbers of 0 or more",
          bad,
          bad < 0 ? 0f : scales.get(bad));
    }
  }

  /** All weights, fp32. */
  public static Matrix dense(int outputs, int inputs, FloatBuffer values) {
    return new Matrix(outputs, inputs, null, null, TypedValues.fp32(values));
  }

  /** Masked weights, fp32. */
  public static Matrix sparse(int outputs, int inputs, LongBuffer mask, FloatBuffer nonzeros) {
    return new Matrix(outputs, inputs, null, mask, TypedValues.fp32(nonzeros));
  }

  /** The same as the weights of a convolution. */
  public Matrix under(ConvShape shape) {
    return new Matrix(outputs, inputs, shape, mask, values);
  }

  /** fp32 weights in another type. */
  public Matrix as(WeightType type) {
    FloatBuffer floats = values.bytes().asFloatBuffer();
    Check.that(values.type() == WeightType.FP32, "matrix: %s, allowed is FP32", values.type());
    return switch (type) {
      case FP32 -> this;
      case BF16 -> new Matrix(outputs, inputs, window, mask, TypedValues.bf16(floats));
      case INT8 ->
          new Matrix(
              outputs, inputs, window, mask, TypedValues.int8(outputs, inputs, mask, floats));
    };
  }

  /** The same weights, all of them, as fp32: pruned ones are 0, INT8 ones are scaled. */
  public Matrix expanded() {
    float[] dense = new float[outputs * inputs];
    FloatBuffer scales = values.scales();
    int at = 0;
    for (int i = 0; i < dense.length; i++) {
      if (mask == null || (mask.get(i / 64) >>> (i % 64) & 1) != 0) {
        dense[i] = values.get(at++) * (scales == null ? 1 : scales.get(i / inputs));
      }
    }
    return new Matrix(outputs, inputs, window, null, TypedValues.fp32(FloatBuffer.wrap(dense)));
  }

  /** The mask, as a view with its own position; null when all are kept. */
  @Override
  public @Nullable LongBuffer mask() {
    return mask == null ? null : mask.duplicate();
  }

  /** Share of pruned weights, 0 to 1. */
  public double sparsity() {
    return 1 - values.count() / ((double) outputs * inputs);
  }

  @Override
  public String toString() {
    return "%s[%d, %d], %d kept".formatted(values.type(), outputs, inputs, values.count());
  }
}

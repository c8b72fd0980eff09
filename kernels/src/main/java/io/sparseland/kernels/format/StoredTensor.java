// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.TypedValues;
import io.sparseland.kernels.WeightType;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One tensor as it is stored: dense, or a mask and the kept values. A kept value may be exactly 0:
 * the mask is data, never inferred.
 *
 * @param name name by which the graph refers to it
 * @param shape sizes, outermost first; a weight is [out, in] or [out, in / groups, height, width]
 * @param pattern pattern of the mask: "unstructured", "2:4", "4x1", "row", "channel"; "dense"
 *     without
 * @param mask null when dense, else one bit per element in row-major order: bit {@code i % 64}
 *     (from the lowest) of word {@code i / 64} says whether element i is kept; bits behind the last
 *     are 0
 * @param data all elements, or the kept ones in that order; scales are one for each {@code
 *     shape[0]}
 * @param choice which kernels run it
 */
public record StoredTensor(
    String name,
    List<Integer> shape,
    String pattern,
    @Nullable LongBuffer mask,
    TypedValues data,
    KernelChoice choice) {

  /** Pattern of a tensor without mask. */
  public static final String DENSE = "dense";

  /** Largest number of dimensions. */
  public static final int MAX_RANK = 8;

  /**
   * Copies the shape, takes read-only views of the buffers and checks that they fit.
   *
   * @throws IllegalArgumentException naming the tensor, what was found, what is allowed
   */
  public StoredTensor {
    shape = List.copyOf(shape);
    int elements = elements(name, shape);
    FloatBuffer scales = data.scales();
    if (scales != null) {
      check(!shape.isEmpty(), name, "a scalar of INT8", "rank 1 or more");
      check(
          scales.limit() == shape.get(0),
          name,
          scales.limit() + " scales",
          shape.get(0) + ", by shape " + shape);
    }
    if (mask == null) {
      check(
          data.count() == elements,
          name,
          data.count() + " values",
          elements + ", by shape " + shape);
      check(pattern.equals(DENSE), name, "pattern '" + pattern + "' without mask", "'dense'");
      check(choice.isDense(), name, choice.designs() + " without a mask", "a dense kernel");
    } else {
      mask = mask.slice().asReadOnlyBuffer();
      check(!pattern.equals(DENSE), name, "pattern 'dense' with a mask", "the mask's pattern");
      checkMask(name, mask, data.count(), elements);
    }
  }

  /** A tensor of fp32 values, which are copied. */
  public StoredTensor(
      String name,
      List<Integer> shape,
      String pattern,
      @Nullable LongBuffer mask,
      FloatBuffer values,
      KernelChoice choice) {
    this(name, shape, pattern, mask, TypedValues.fp32(values), choice);
  }

  /** A tensor of fp32 values without mask. */
  public static StoredTensor dense(String name, List<Integer> shape, FloatBuffer values) {
    return new StoredTensor(name, shape, DENSE, null, values, KernelChoice.dense("not pruned"));
  }

  /** The tensor as a matrix [shape[0], rest]. */
  public Matrix matrix() {
    int outputs = shape.get(0);
    return new Matrix(outputs, elements() / outputs, null, mask, data);
  }

  /** Whether it has a mask. */
  public boolean masked() {
    return mask != null;
  }

  /** Number of elements, pruned ones included. */
  public int elements() {
    return elements(name, shape);
  }

  /** Number of stored values. */
  public int kept() {
    return data.count();
  }

  /** The values as fp32, those of INT8 with their scales: a view if they are stored so. */
  public FloatBuffer values() {
    if (data.type() == WeightType.FP32) {
      return data.bytes().asFloatBuffer();
    }
    FloatBuffer values = FloatBuffer.allocate(kept());
    FloatBuffer scales = data.scales();
    int row = shape.isEmpty() ? 1 : elements() / shape.get(0);
    for (int i = 0; i < elements(); i++) {
      if (mask == null || (mask.get(i / 64) >>> (i % 64) & 1) != 0) {
        float value = data.get(values.position());
        values.put(scales == null ? value : value * scales.get(i / row));
      }
    }
    return values.flip();
  }

  /** The mask, as a view with its own position; null when dense. */
  @Override
  public @Nullable LongBuffer mask() {
    return mask == null ? null : mask.duplicate();
  }

  @Override
  public String toString() {
    return "%s%s %s %s, %d kept, %s"
        .formatted(name, shape, data.type(), pattern, kept(), choice.designs());
  }

  static int elements(String name, List<Integer> shape) {
    check(shape.size() <= MAX_RANK, name, "rank " + shape.size(), "at most " + MAX_RANK);
    long elements = 1;
    for (int size : shape) {
      check(size >= 1, name, "shape " + shape, "sizes of at least 1");
      elements *= size;
      check(elements <= Integer.MAX_VALUE, name, "shape " + shape, "at most 2^31 - 1 elements");
    }
    return (int) elements;
  }

  /** Number of 64-bit words of a mask. */
  static int words(int elements) {
    return (int) ((elements + 63L) / 64);
  }

  private static void checkMask(String name, LongBuffer mask, int values, int elements) {
    int words = words(elements);
    check(mask.remaining() == words, name, mask.remaining() + " mask words", words + "");
    long kept = 0;
    for (int i = 0; i < words; i++) {
      kept += Long.bitCount(mask.get(i));
    }
    int tail = elements % 64;
    check(
        tail == 0 || (mask.get(words - 1) & (-1L << tail)) == 0,
        name,
        "mask bits behind the last element",
        "zeros");
    check(kept == values, name, values + " values", kept + ", as many as mask bits");
  }

  private static void check(boolean holds, String name, String found, String allowed) {
    if (!holds) {
      throw new IllegalArgumentException(
          "tensor '%s': found %s; allowed: %s".formatted(name, found, allowed));
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

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
 * @param values all elements, or the kept ones in that order; from position to limit
 * @param choice which kernel runs it
 */
public record StoredTensor(
    String name,
    List<Integer> shape,
    String pattern,
    @Nullable LongBuffer mask,
    FloatBuffer values,
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
    values = values.slice().asReadOnlyBuffer();
    int elements = elements(name, shape);
    if (mask == null) {
      check(
          values.remaining() == elements,
          name,
          values.remaining() + " values",
          elements + ", by shape " + shape);
      check(pattern.equals(DENSE), name, "pattern '" + pattern + "' without mask", "'dense'");
      check(!choice.isSparse(), name, "the sparse kernel without a mask", "the dense kernel");
    } else {
      mask = mask.slice().asReadOnlyBuffer();
      check(!pattern.equals(DENSE), name, "pattern 'dense' with a mask", "the mask's pattern");
      checkMask(name, mask, values.remaining(), elements);
    }
  }

  /** A tensor without mask. */
  public static StoredTensor dense(String name, List<Integer> shape, FloatBuffer values) {
    return new StoredTensor(name, shape, DENSE, null, values, KernelChoice.dense("not pruned"));
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
    return values.remaining();
  }

  /** The values, as a view with its own position. */
  @Override
  public FloatBuffer values() {
    return values.duplicate();
  }

  /** The mask, as a view with its own position; null when dense. */
  @Override
  public @Nullable LongBuffer mask() {
    return mask == null ? null : mask.duplicate();
  }

  @Override
  public String toString() {
    return "%s%s %s, %d kept, %s".formatted(name, shape, pattern, kept(), choice.kernel());
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

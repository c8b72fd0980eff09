// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Array in off-heap memory: a direct buffer in native byte order and its shape, row-major. fp32 for
 * data, int32 or int64 for ids. At most 2 GiB. The tensor does not own foreign memory: whoever made
 * a wrapped buffer keeps it valid.
 */
public final class Tensor {

  /** Largest number of dimensions. */
  public static final int MAX_RANK = 8;

  private static final int ALIGNMENT = 64; // bytes: one cache line, one AVX-512 register

  private final ElementType type;
  private final int[] shape;
  private final int size;
  private final ByteBuffer bytes;

  private Tensor(ElementType type, int[] shape, int size, ByteBuffer bytes) {
    this.type = type;
    this.shape = shape;
    this.size = size;
    this.bytes = bytes;
  }

  /**
   * New memory, all zero, 64-byte aligned.
   *
   * @throws IllegalArgumentException if a size is below 1, there are more than {@value #MAX_RANK}
   *     dimensions, or the whole is above 2 GiB
   */
  public static Tensor allocate(ElementType type, int... shape) {
    int size = size(type, shape);
    int whole = (size * type.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer memory = ByteBuffer.allocateDirect(whole + ALIGNMENT).alignedSlice(ALIGNMENT);
    ByteBuffer bytes = memory.slice(0, size * type.bytes()).order(nativeOrder());
    return new Tensor(type, shape.clone(), size, bytes);
  }

  /** A new fp32 tensor with a copy of the values, which must be as many as the shape has. */
  public static Tensor of(float[] values, int... shape) {
    Tensor tensor = allocate(ElementType.FLOAT32, shape);
    Check.that(
        values.length == tensor.size,
        "%d values for shape %s of %d elements",
        values.length,
        Arrays.toString(shape),
        tensor.size);
    tensor.floats().put(values);
    return tensor;
  }

  /**
   * A view of existing memory from the buffer's position on; no copy.
   *
   * @throws IllegalArgumentException if the buffer is not direct, not in native order, not aligned
   *     to the element, or too small
   */
  public static Tensor wrap(ByteBuffer direct, ElementType type, int... shape) {
    int length = size(type, shape) * type.bytes();
    Check.that(direct.isDirect(), "the buffer is on the heap, allowed is a direct one");
    Check.that(
        direct.order() == nativeOrder(),
        "the buffer is %s, allowed is %s",
        direct.order(),
        nativeOrder());
    Check.that(
        direct.remaining() >= length,
        "the buffer holds %d bytes, shape %s of %s needs %d",
        direct.remaining(),
        Arrays.toString(shape),
        type,
        length);
    Check.that(
        direct.alignmentOffset(direct.position(), type.bytes()) == 0,
        "the buffer is not aligned to %d bytes",
        type.bytes());
    ByteBuffer bytes = direct.slice(direct.position(), length).order(nativeOrder());
    return new Tensor(type, shape.clone(), length / type.bytes(), bytes);
  }

  /** The same memory under another shape of the same size. */
  public Tensor reshape(int... newShape) {
    Check.that(
        size(type, newShape) == size,
        "shape %s has %d elements, the tensor %s",
        Arrays.toString(newShape),
        size(type, newShape),
        this);
    return new Tensor(type, newShape.clone(), size, bytes);
  }

  /** Type of the elements. */
  public ElementType type() {
    return type;
  }

  /** Copy of the shape. */
  public int[] shape() {
    return shape.clone();
  }

  /** Number of dimensions. */
  public int rank() {
    return shape.length;
  }

  /** Size of one dimension. */
  public int dimension(int axis) {
    return shape[axis];
  }

  /** Number of elements. */
  public int size() {
    return size;
  }

  /** The memory, as a view with its own position. */
  public ByteBuffer bytes() {
    return bytes.duplicate().order(nativeOrder());
  }

  /**
   * The memory as floats, as a view with its own position.
   *
   * @throws IllegalStateException if the type is not {@link ElementType#FLOAT32}
   */
  public FloatBuffer floats() {
    if (type != ElementType.FLOAT32) {
      throw new IllegalStateException("floats() of a tensor of " + type);
    }
    return bytes.asFloatBuffer();
  }

  /** Copy of the values of an fp32 tensor. */
  public float[] toArray() {
    float[] values = new float[size];
    floats().get(values);
    return values;
  }

  @Override
  public String toString() {
    return type + Arrays.toString(shape);
  }

  /** The buffer itself, for native calls; its position is always 0. */
  ByteBuffer memory() {
    return bytes;
  }

  /** The shape itself; callers must not change it. */
  int[] dimensions() {
    return shape;
  }

  private static int size(ElementType type, int[] shape) {
    Check.that(
        shape.length <= MAX_RANK,
        "shape %s has %d dimensions, allowed are %d",
        Arrays.toString(shape),
        shape.length,
        MAX_RANK);
    long size = 1;
    for (int n : shape) {
      Check.that(n >= 1, "shape %s, allowed are sizes of 1 or more", Arrays.toString(shape));
      size *= n;
      Check.that(
          size * type.bytes() <= Integer.MAX_VALUE - 2 * ALIGNMENT,
          "shape %s of %s is above 2 GiB",
          Arrays.toString(shape),
          type);
    }
    return (int) size;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Array in off-heap memory: a direct buffer in native byte order and its shape, row-major unless
 * made in another {@link Layout}. fp32 for data, int32 or int64 for ids. At most 2 GiB. The tensor
 * does not own foreign memory: whoever made a wrapped buffer keeps it valid.
 */
public final class Tensor {

  /** Largest number of dimensions. */
  public static final int MAX_RANK = 8;

  private static final int ALIGNMENT = 64; // bytes: one cache line, one AVX-512 register

  private final ElementType type;
  private final Layout layout;
  private final int[] shape;
  private final int size;
  private final ByteBuffer bytes;

  private Tensor(ElementType type, Layout layout, int[] shape, int size, ByteBuffer bytes) {
    this.type = type;
    this.layout = layout;
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
    return allocate(Layout.ROWS, type, shape);
  }

  /** New memory in a layout; panels are of fp32 and have at least one dimension. */
  public static Tensor allocate(Layout layout, ElementType type, int... shape) {
    int length = bytes(layout, type, shape);
    int whole = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer memory = ByteBuffer.allocateDirect(whole + ALIGNMENT).alignedSlice(ALIGNMENT);
    return wrap(memory.order(nativeOrder()), layout, type, shape);
  }

  /** A new fp32 tensor with a copy of the values, which must be as many as the shape has. */
  public static Tensor of(float[] values, int... shape) {
    Tensor tensor = allocate(ElementType.FLOAT32, shape);
    Check.that(
        values.length == tensor.size,
        "%d values for shape %s of %d elements",
        values.length,
        shape,
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
    return wrap(direct, Layout.ROWS, type, shape);
  }

  /** A view of existing memory in a layout. */
  public static Tensor wrap(ByteBuffer direct, Layout layout, ElementType type, int... shape) {
    int length = bytes(layout, type, shape);
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
        shape,
        type,
        length);
    Check.that(
        direct.alignmentOffset(direct.position(), type.bytes()) == 0,
        "the buffer is not aligned to %d bytes",
        type.bytes());
    ByteBuffer bytes = direct.slice(direct.position(), length).order(nativeOrder());
    return new Tensor(type, layout, shape.clone(), size(type, shape), bytes);
  }

  /** Bytes that a tensor takes; for panels that is more than its elements. */
  public static int bytes(Layout layout, ElementType type, int... shape) {
    int size = size(type, shape);
    if (layout == Layout.ROWS) {
      return size * type.bytes();
    }
    Check.that(
        type == ElementType.FLOAT32 && shape.length > 0,
        "panels of %s%s, allowed is FLOAT32 of 1 or more dimensions",
        type,
        shape);
    int features = shape[shape.length - 1];
    return Math.toIntExact(layout.elements(size / features, features) * type.bytes());
  }

  /** The same memory under another shape of the same size; in panels, with the same features. */
  public Tensor reshape(int... newShape) {
    Check.that(
        size(type, newShape) == size
            && (layout == Layout.ROWS
                || (newShape.length > 0
                    && newShape[newShape.length - 1] == shape[shape.length - 1])),
        "shape %s has %d elements, the tensor %s",
        newShape,
        size(type, newShape),
        this);
    return new Tensor(type, layout, newShape.clone(), size, bytes);
  }

  /** Type of the elements. */
  public ElementType type() {
    return type;
  }

  /** How the elements lie in memory. */
  public Layout layout() {
    return layout;
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

  /** Number of elements, without padding. */
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

  /** Copy of the values of an fp32 tensor as they lie in memory, padding included. */
  public float[] toArray() {
    FloatBuffer memory = floats();
    float[] values = new float[memory.remaining()];
    memory.get(values);
    return values;
  }

  @Override
  public String toString() {
    return type + Arrays.toString(shape) + (layout == Layout.ROWS ? "" : " in panels");
  }

  /** The memory of panels, padding included, as one row. */
  Tensor flat() {
    return flat(0, bytes.capacity() / type.bytes());
  }

  /** Elements of the memory from one on, as one row. */
  Tensor flat(int first, int count) {
    ByteBuffer part = bytes.slice(first * type.bytes(), count * type.bytes()).order(nativeOrder());
    return new Tensor(type, Layout.ROWS, new int[] {count}, count, part);
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
        shape,
        shape.length,
        MAX_RANK);
    long size = 1;
    for (int n : shape) {
      Check.that(n >= 1, "shape %s, allowed are sizes of 1 or more", shape);
      size *= n;
      Check.that(
          size * type.bytes() <= Integer.MAX_VALUE - 2 * ALIGNMENT,
          "shape %s of %s is above 2 GiB",
          shape,
          type);
    }
    return (int) size;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Torch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An array's values, owned by the JVM: immutable, nothing to close. */
public final class ConstantArray {

  private final DataType type;
  private final Shape shape;
  private final ByteBuffer bytes; // direct, native order

  private ConstantArray(DataType type, Shape shape, ByteBuffer bytes) {
    this.type = type;
    this.shape = shape;
    this.bytes = bytes;
  }

  /** Copies the values of an array. */
  public static ConstantArray copyOf(NDArray array) {
    Torch.check(array.getDataType());
    ByteBuffer source = array.toByteBuffer();
    ByteBuffer copy = ByteBuffer.allocateDirect(source.remaining()).order(ByteOrder.nativeOrder());
    copy.put(source).flip();
    return new ConstantArray(array.getDataType(), array.getShape(), copy);
  }

  /** Element type. */
  public DataType type() {
    return type;
  }

  /** Shape. */
  public Shape shape() {
    return shape;
  }

  /** The values: read-only, row-major, native order. */
  public ByteBuffer bytes() {
    return bytes.asReadOnlyBuffer().order(ByteOrder.nativeOrder());
  }

  /** A new array with a copy of the values. */
  public NDArray toArray(NDManager manager) {
    ByteBuffer copy = ByteBuffer.allocateDirect(bytes.capacity()).order(ByteOrder.nativeOrder());
    copy.put(bytes()).flip();
    return manager.create(copy, shape, type);
  }

  /** A new array on the values themselves; for readers only. */
  NDArray share(NDManager manager) {
    return manager.create(bytes.duplicate().order(ByteOrder.nativeOrder()), shape, type);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ConstantArray constant
        && type == constant.type
        && shape.equals(constant.shape)
        && bytes.equals(constant.bytes);
  }

  @Override
  public int hashCode() {
    return 31 * shape.hashCode() + type.hashCode();
  }

  @Override
  public String toString() {
    return "constant " + type + " " + shape;
  }
}

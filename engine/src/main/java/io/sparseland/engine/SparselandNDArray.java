// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.full.NDIndexFullSlice;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * An array in direct memory with the operations that a translator needs around a model. Everything
 * else runs in the PyTorch engine if that is on the class path ({@link BridgedArray}).
 *
 * <p>{@code reshape}, {@code flatten}, {@code expandDims}, {@code squeeze} and slices that lie in
 * one piece share the memory, as in PyTorch; other slices, joins and conversions copy.
 */
final class SparselandNDArray extends BridgedArray {

  private ByteBuffer bytes;

  /** Takes the buffer: direct, native order, position 0, exactly as long as the array. */
  SparselandNDArray(NDManager manager, ByteBuffer bytes, Shape shape, DataType type) {
    super(manager, shape, type);
    this.bytes = bytes;
    manager.attachInternal(getUid(), this);
    NDScope.register(this);
  }

  /** The memory itself, as a view with its own position. */
  ByteBuffer bytes() {
    getShape(); // refuses a closed array
    return bytes.duplicate().order(ByteOrder.nativeOrder());
  }

  /** A new array, all zero, beside this one. */
  SparselandNDArray like(Shape shape, DataType type) {
    long size = Math.multiplyExact(shape.size(), type.getNumOfBytes());
    ByteBuffer memory = Memory.allocate(Math.toIntExact(size));
    return new SparselandNDArray(getManager(), memory, shape, type);
  }

  /** The live memory: a view, not a copy. */
  @Override
  public ByteBuffer toByteBuffer(boolean tryDirect) {
    return bytes();
  }

  @Override
  public void intern(NDArray replaced) {
    bytes = ((SparselandNDArray) replaced).bytes();
    shape = replaced.getShape();
    dataType = replaced.getDataType();
  }

  /** Copies the values into the memory of this array. */
  @Override
  public void set(Buffer values) {
    try (NDArray copy = SparselandNDManager.system().create(values, getShape(), getDataType())) {
      bytes().put(copy.toByteBuffer(true));
    }
  }

  @Override
  public void detach() {
    manager.detachInternal(getUid());
    manager = SparselandNDManager.system();
  }

  @Override
  public NDArray duplicate() {
    SparselandNDArray copy = like(getShape(), getDataType());
    copy.bytes().put(bytes());
    copy.setName(getName());
    return copy;
  }

  @Override
  public NDArray toType(DataType type, boolean copy) {
    if (type == getDataType()) {
      return copy ? duplicate() : this;
    }
    SparselandNDArray result = like(getShape(), type);
    ByteBuffer from = bytes();
    ByteBuffer to = result.bytes();
    boolean whole = !getDataType().isFloating() && !type.isFloating();
    for (int i = 0; i < size(); i++) {
      if (whole) {
        Elements.put(to, type, i, Elements.getLong(from, getDataType(), i));
      } else {
        Elements.put(to, type, i, Elements.getDouble(from, getDataType(), i));
      }
    }
    result.setName(getName());
    return result;
  }

  @Override
  public NDArray reshape(Shape asked) {
    return view(Layout.resolve(asked, size()));
  }

  @Override
  public NDArray flatten() {
    return view(new Shape(size()));
  }

  @Override
  public NDArray flatten(int from, int to) {
    return view(Layout.flatten(getShape(), from, to));
  }

  @Override
  public SparselandNDArray expandDims(int axis) {
    return view(Layout.expand(getShape(), axis));
  }

  @Override
  public NDArray squeeze(int[] axes) {
    return view(Layout.squeeze(getShape(), axes));
  }

  @Override
  public NDArray get(NDIndex index) {
    return get(getManager(), index);
  }

  @Override
  public NDArray get(NDManager manager, NDIndex index) {
    Optional<NDIndexFullSlice> slice = NDIndexFullSlice.fromIndex(index, getShape());
    if (slice.isEmpty()) {
      return elsewhere("get(" + index.getIndices() + ")", array -> array.get(index));
    }
    ByteBuffer selected = Layout.slice(this, slice.get());
    return new SparselandNDArray(manager, selected, slice.get().getSqueezedShape(), getDataType());
  }

  @Override
  public NDList split(long sections, int axis) {
    int along = Layout.axis(axis, getShape().dimension());
    long length = size(along);
    if (sections < 1 || length % sections != 0) {
      throw new IllegalArgumentException(
          "split: axis " + axis + " of " + getShape() + " in " + sections + " equal parts");
    }
    long part = length / sections;
    return split(LongStream.range(1, sections).map(i -> i * part).toArray(), axis);
  }

  @Override
  public NDList split(long[] indices, int axis) {
    int along = Layout.axis(axis, getShape().dimension());
    NDList parts = new NDList();
    long begin = 0;
    for (int i = 0; i <= indices.length; i++) {
      long end = i < indices.length ? indices[i] : size(along);
      parts.add(get(NDIndex.sliceAxis(along, begin, end)));
      begin = end;
    }
    return parts;
  }

  @Override
  public NDArray softmax(int axis) {
    return Softmax.of(this, axis, false);
  }

  @Override
  public NDArray logSoftmax(int axis) {
    return Softmax.of(this, axis, true);
  }

  @Override
  public NDArray argMax() {
    return flatten().argMax(0);
  }

  /** Ties go to the lower index; NaN counts as the largest. */
  @Override
  public NDArray argMax(int axis) {
    int along = Layout.axis(axis, getShape().dimension());
    SparselandNDArray result =
        like(Layout.squeeze(withSize(along, 1), new int[] {along}), DataType.INT64);
    int length = Math.toIntExact(size(along));
    if (length == 0) {
      throw new IllegalArgumentException("argMax over an axis of size 0: " + getShape());
    }
    int inner = Math.toIntExact(getShape().slice(along + 1).size());
    ByteBuffer from = bytes();
    ByteBuffer to = result.bytes();
    for (int i = 0; i < result.size(); i++) {
      int start = i / inner * length * inner + i % inner;
      int best =
          IntStream.range(1, length)
              .reduce(0, (a, b) -> above(from, start + b * inner, start + a * inner) ? b : a);
      to.putLong(i * Long.BYTES, best);
    }
    return result;
  }

  @Override
  public NDArrayEx getNDArrayInternal() {
    return InternalOperations.of(this);
  }

  private boolean above(ByteBuffer values, int a, int b) {
    return getDataType().isFloating()
        ? Double.compare(
                Elements.getDouble(values, getDataType(), a) + 0.0, // -0 equals 0
                Elements.getDouble(values, getDataType(), b) + 0.0)
            > 0
        : Elements.getLong(values, getDataType(), a) > Elements.getLong(values, getDataType(), b);
  }

  private Shape withSize(int axis, long size) {
    long[] sizes = getShape().getShape().clone();
    sizes[axis] = size;
    return new Shape(sizes);
  }

  private SparselandNDArray view(Shape shape) {
    SparselandNDArray view = new SparselandNDArray(getManager(), bytes(), shape, getDataType());
    view.setName(getName());
    return view;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.full.NDIndexFullSlice;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Shapes, slices and joins: the operations that only move elements. */
final class Layout {

  private Layout() {}

  /** The shape with one -1 replaced by what is left over. */
  static Shape resolve(Shape asked, long size) {
    long known = 1;
    int open = -1;
    for (int i = 0; i < asked.dimension(); i++) {
      if (asked.get(i) == -1 && open < 0) {
        open = i;
      } else {
        known *= asked.get(i);
      }
    }
    Shape shape = asked;
    if (open >= 0 && known != 0) {
      long[] sizes = asked.getShape().clone();
      sizes[open] = size / known;
      shape = new Shape(sizes);
    }
    if (shape.size() != size) {
      throw new IllegalArgumentException(
          "reshape to " + asked + ": the array has " + size + " elements");
    }
    return shape;
  }

  static int axis(int axis, int dimensions) {
    if (axis < -dimensions || axis >= dimensions) {
      throw new IllegalArgumentException(
          "axis " + axis + ": the array has " + dimensions + " dimensions");
    }
    return axis < 0 ? axis + dimensions : axis;
  }

  static Shape expand(Shape shape, int axis) {
    int at = axis(axis, shape.dimension() + 1);
    return shape.slice(0, at).add(1).addAll(shape.slice(at));
  }

  static Shape squeeze(Shape shape, int[] axes) {
    boolean[] gone = new boolean[shape.dimension()];
    for (int asked : axes) {
      int axis = axis(asked, shape.dimension());
      if (shape.get(axis) != 1) {
        throw new IllegalArgumentException(
            "squeeze: axis " + asked + " of " + shape + " has size " + shape.get(axis) + ", not 1");
      }
      gone[axis] = true;
    }
    List<Long> kept = new ArrayList<>();
    for (int i = 0; i < gone.length; i++) {
      if (!gone[i]) {
        kept.add(shape.get(i));
      }
    }
    return new Shape(kept);
  }

  static Shape flatten(Shape shape, int from, int to) {
    if (shape.isScalar()) {
      return new Shape(1);
    }
    int first = axis(from, shape.dimension());
    int last = axis(to, shape.dimension());
    if (first > last) {
      throw new IllegalArgumentException("flatten: axis " + from + " comes after axis " + to);
    }
    return shape
        .slice(0, first)
        .add(shape.slice(first, last + 1).size())
        .addAll(shape.slice(last + 1));
  }

  /** What a slice selects, row-major: the memory itself where it lies in one piece, else a copy. */
  static ByteBuffer slice(SparselandNDArray from, NDIndexFullSlice slice) {
    Shape shape = from.getShape();
    check(shape, slice);
    int width = from.getDataType().getNumOfBytes();
    int size = Math.toIntExact(slice.getShape().size() * width);
    int cut = 0; // dimensions before the first of which more than one index is taken
    while (cut < shape.dimension() && slice.getShape().get(cut) == 1) {
      cut++;
    }
    int behind = cut + 1;
    while (behind < shape.dimension() && slice.getShape().get(behind) == shape.get(behind)) {
      behind++;
    }
    boolean onePiece =
        behind >= shape.dimension() && (cut >= shape.dimension() || slice.getStep()[cut] == 1);
    if (onePiece && size > 0) {
      long begin = 0;
      for (int i = 0; i < shape.dimension(); i++) {
        begin = begin * shape.get(i) + slice.getMin()[i];
      }
      return from.bytes()
          .slice(Math.toIntExact(begin * width), size)
          .order(ByteOrder.nativeOrder());
    }
    ByteBuffer to = Memory.allocate(size);
    copy(from.bytes(), width, shape, slice, 0, 0, to);
    return to.rewind();
  }

  private static void check(Shape shape, NDIndexFullSlice slice) {
    for (int i = 0; i < shape.dimension(); i++) {
      if (slice.getMin()[i] < 0
          || slice.getMax()[i] > shape.get(i)
          || slice.getStep()[i] < 1
          || slice.getMin()[i] > slice.getMax()[i]) {
        throw new IndexOutOfBoundsException(
            String.format(
                "index %d:%d:%d on axis %d of %s",
                slice.getMin()[i], slice.getMax()[i], slice.getStep()[i], i, shape));
      }
    }
  }

  private static void copy(
      ByteBuffer from,
      int width,
      Shape shape,
      NDIndexFullSlice slice,
      int axis,
      long offset,
      ByteBuffer to) {
    if (axis == shape.dimension()) {
      int at = Math.toIntExact(offset * width);
      to.put(from.slice(at, width));
      return;
    }
    long stride = shape.slice(axis + 1).size();
    long min = slice.getMin()[axis];
    long max = slice.getMax()[axis];
    boolean rest =
        LongStream.range(axis + 1, shape.dimension())
            .allMatch(i -> slice.getShape().get((int) i) == shape.get((int) i));
    if (rest && slice.getStep()[axis] == 1) {
      int at = Math.toIntExact((offset + min * stride) * width);
      to.put(from.slice(at, Math.toIntExact((max - min) * stride * width)));
      return;
    }
    for (long i = min; i < max; i += slice.getStep()[axis]) {
      copy(from, width, shape, slice, axis + 1, offset + i * stride, to);
    }
  }

  /** Arrays of one shape along a new axis; {@code first} comes before {@code more}. */
  static NDArray stack(SparselandNDArray first, NDList more, int axis) {
    NDList expanded = new NDList();
    for (NDArray array : more) {
      if (!array.getShape().equals(first.getShape())) {
        throw new IllegalArgumentException(
            "stack: shapes " + first.getShape() + " and " + array.getShape() + " differ");
      }
      expanded.add(array.expandDims(axis));
    }
    return concat(first.expandDims(axis), expanded, axis);
  }

  /** Arrays along an axis that they have; {@code first} comes before {@code more}. */
  static SparselandNDArray concat(SparselandNDArray first, NDList more, int axis) {
    Shape shape = first.getShape();
    int along = axis(axis, shape.dimension());
    List<NDArray> all = new ArrayList<>(List.of(first));
    all.addAll(more);
    long length = 0;
    for (NDArray array : all) {
      Shape other = array.getShape();
      if (array.getDataType() != first.getDataType()
          || other.dimension() != shape.dimension()
          || !other.slice(0, along).equals(shape.slice(0, along))
          || !other.slice(along + 1).equals(shape.slice(along + 1))) {
        throw new IllegalArgumentException(
            String.format(
                "joining %s %s and %s %s along axis %d: types and all other sizes must be equal",
                first.getDataType(), shape, array.getDataType(), other, along));
      }
      length += other.get(along);
    }
    long[] sizes = shape.getShape().clone();
    sizes[along] = length;
    SparselandNDArray result = first.like(new Shape(sizes), first.getDataType());
    ByteBuffer to = result.bytes();
    int outer = Math.toIntExact(shape.slice(0, along).size());
    List<ByteBuffer> sources = all.stream().map(array -> array.toByteBuffer(true)).toList();
    for (int i = 0; i < outer; i++) {
      for (ByteBuffer source : sources) {
        int chunk = source.capacity() / Math.max(1, outer);
        to.put(source.slice(i * chunk, chunk));
      }
    }
    return result;
  }
}

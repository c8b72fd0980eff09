// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Arithmetic of shapes alone: what needs neither the model's tensors nor its symbols. */
final class TensorShapes {

  private TensorShapes() {}

  /** The same elements in another shape. */
  static ValueType reshape(ValueType x, List<Size> shape) {
    ValueType result = new ValueType(x.type(), shape);
    require(
        x.elements().equals(result.elements()),
        "shape %s has %s elements; allowed: %s, those of the input %s",
        shape,
        result.elements(),
        x.elements(),
        x.shape());
    return result;
  }

  /** Axes in another order. */
  static ValueType transpose(ValueType x, List<Integer> permutation) {
    require(
        permutation.stream()
            .sorted()
            .toList()
            .equals(IntStream.range(0, x.rank()).boxed().toList()),
        "permutation %s; allowed: each axis of the input %s once",
        permutation,
        x.shape());
    return new ValueType(x.type(), permutation.stream().map(axis -> x.shape().get(axis)).toList());
  }

  /** One after the other along an axis; all other sizes equal. */
  static ValueType concat(List<ValueType> inputs, int axis) {
    ValueType first = inputs.get(0);
    axis(axis, first.rank());
    Size sum = Size.of(0);
    for (ValueType input : inputs) {
      require(
          input.type() == first.type()
              && input.rank() == first.rank()
              && with(input.shape(), axis, Size.of(1))
                  .equals(with(first.shape(), axis, Size.of(1))),
          "input %s; allowed: like the first, %s, but for axis %d",
          input,
          first,
          axis);
      sum = sum.plus(input.shape().get(axis));
    }
    return new ValueType(first.type(), with(first.shape(), axis, sum));
  }

  /** Products of the last two axes, the others broadcast. */
  static List<Size> matmul(List<Size> a, List<Size> b) {
    require(
        a.size() >= 2 && b.size() >= 2,
        "inputs are %s and %s; allowed: at least 2 dimensions each",
        a,
        b);
    int lastA = a.size() - 1;
    int lastB = b.size() - 1;
    require(
        a.get(lastA).equals(b.get(lastB - 1)),
        "inputs are %s and %s; allowed: columns of the first = rows of the second",
        a,
        b);
    List<Size> shape = new ArrayList<>(broadcast(a.subList(0, lastA - 1), b.subList(0, lastB - 1)));
    shape.add(a.get(lastA - 1));
    shape.add(b.get(lastB));
    return shape;
  }

  /** Without the reduced axes, or with 1 in their place. */
  static List<Size> reduce(Op.Reduce reduce, List<Size> x) {
    Set<Integer> axes = new HashSet<>();
    for (int axis : reduce.axes()) {
      axis(axis, x.size());
      require(axes.add(axis), "axes %s; allowed: each once", reduce.axes());
    }
    require(!axes.isEmpty(), "no axes; allowed: at least 1");
    List<Size> shape = new ArrayList<>();
    for (int i = 0; i < x.size(); i++) {
      if (!axes.contains(i)) {
        shape.add(x.get(i));
      } else if (reduce.keep()) {
        shape.add(Size.of(1));
      }
    }
    return shape;
  }

  /** Equal sizes or 1, from the last axis on. */
  static List<Size> broadcast(List<Size> a, List<Size> b) {
    int rank = Math.max(a.size(), b.size());
    Size one = Size.of(1);
    List<Size> shape = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      int inA = i - rank + a.size();
      int inB = i - rank + b.size();
      Size sizeA = inA < 0 ? one : a.get(inA);
      Size sizeB = inB < 0 ? one : b.get(inB);
      require(
          sizeA.equals(sizeB) || sizeA.equals(one) || sizeB.equals(one),
          "shapes %s and %s do not broadcast; allowed: equal sizes or 1, from the last on",
          a,
          b);
      shape.add(sizeA.equals(one) ? sizeB : sizeA);
    }
    return shape;
  }

  /** The shape with one size exchanged. */
  static List<Size> with(List<Size> shape, int axis, Size size) {
    List<Size> changed = new ArrayList<>(shape);
    changed.set(axis, size);
    return changed;
  }

  /** Refuses an axis that is not there. */
  static void axis(int axis, int rank) {
    require(axis >= 0 && axis < rank, "axis %d; allowed: 0 to %d", axis, rank - 1);
  }

  /** Refuses with a message. */
  static void require(boolean holds, String message, @Nullable Object... arguments) {
    if (!holds) {
      throw new IllegalArgumentException(String.format(Locale.ROOT, message, arguments));
    }
  }
}

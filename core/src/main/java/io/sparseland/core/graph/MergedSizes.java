// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import io.sparseland.core.graph.Argument.Form;
import io.sparseland.core.graph.Argument.Literal;
import io.sparseland.core.graph.Argument.SizeLiteral;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Numbers seen at several sizes of the symbols, made one symbolic size each. */
final class MergedSizes {

  private final SamplePoints points;

  MergedSizes(SamplePoints points) {
    this.points = points;
  }

  /** Numbers of one form that differ, as one symbolic literal; null for anything else. */
  @Nullable Argument argument(List<Argument> seen, String where) {
    Form form = null;
    List<long[]> numbers = new ArrayList<>();
    for (Argument a : seen) {
      Object value = a instanceof Literal literal ? literal.value() : null;
      Form own = form(value);
      long[] integers = value == null || own == null ? null : integers(value);
      if (own == null || integers == null || (form != null && form != own)) {
        return null;
      }
      form = own;
      numbers.add(integers);
    }
    return form == null ? null : new SizeLiteral(form, of(numbers, where));
  }

  /** The symbolic size of each position, through the numbers seen there. */
  List<Size> of(List<long[]> seen, String where) {
    int rank = seen.get(0).length;
    if (seen.stream().anyMatch(s -> s.length != rank)) {
      throw new TraceException(
          "%s has a different number of dimensions at different sizes: %s"
              .formatted(where, seen.stream().map(s -> new Shape(s).toString()).toList()));
    }
    List<Size> sizes = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      int dimension = d;
      long[] values = seen.stream().mapToLong(s -> s[dimension]).toArray();
      Size size = points.fit(values);
      if (size == null) {
        throw new TraceException(
            "%s is %s at %s: not a sum of products of the symbols"
                .formatted(where, LongStream.of(values).boxed().toList(), points.points()));
      }
      sizes.add(size);
    }
    return sizes;
  }

  private static @Nullable Form form(@Nullable Object value) {
    if (value instanceof Integer) {
      return Form.INT;
    }
    if (value instanceof Long) {
      return Form.LONG;
    }
    if (value instanceof Float) {
      return Form.FLOAT;
    }
    if (value instanceof Double) {
      return Form.DOUBLE;
    }
    if (value instanceof Shape) {
      return Form.SHAPE;
    }
    if (value instanceof int[]) {
      return Form.INTS;
    }
    return value instanceof long[] ? Form.LONGS : null;
  }

  private static long @Nullable [] integers(Object value) {
    if (value instanceof Shape shape) {
      return shape.getShape();
    }
    if (value instanceof int[] ints) {
      return IntStream.of(ints).asLongStream().toArray();
    }
    if (value instanceof long[] longs) {
      return longs;
    }
    double number = ((Number) value).doubleValue();
    boolean integer = value instanceof Integer || value instanceof Long;
    return integer || (number == Math.rint(number) && Math.abs(number) < (1 << 24))
        ? new long[] {((Number) value).longValue()}
        : null;
  }
}

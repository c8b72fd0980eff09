// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.graph.Size;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What an operation was called with. */
public sealed interface Argument
    permits Reference,
        Argument.Literal,
        Argument.SizeLiteral,
        Argument.TrainingFlag,
        Argument.ManagerOf,
        Argument.ListOf,
        Argument.Index,
        Argument.IndexItem {

  /** An input of the graph. */
  record Input(int index) implements Reference {}

  /**
   * A result of an earlier operation.
   *
   * @param operation its id
   * @param index which result; 0 unless the operation returns a list
   */
  record Result(int operation, int index) implements Reference {}

  /** A parameter by its dotted name. */
  record ParameterRef(String name) implements Reference {}

  /** An array made outside the graph. */
  record Constant(ConstantArray value) implements Reference {}

  /** A number, flag, text, shape, primitive array or null, the same at every size. */
  record Literal(@Nullable Object value) implements Argument {

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Literal literal && Objects.deepEquals(value, literal.value);
    }

    @Override
    public int hashCode() {
      return Arrays.deepHashCode(new Object[] {value});
    }

    @Override
    public String toString() {
      String text = Arrays.deepToString(new Object[] {value});
      return text.substring(1, text.length() - 1);
    }
  }

  /** The Java type of a size literal. */
  enum Form {
    /** {@code int} or {@code Integer}. */
    INT,
    /** {@code long} or {@code Long}. */
    LONG,
    /** {@code float} or {@code Float} holding an integer. */
    FLOAT,
    /** {@code double} or {@code Double} holding an integer. */
    DOUBLE,
    /** A shape. */
    SHAPE,
    /** {@code int[]}. */
    INTS,
    /** {@code long[]}. */
    LONGS
  }

  /**
   * A number, shape or list of numbers that depends on a symbolic size.
   *
   * @param form its Java type
   * @param sizes the numbers; exactly one for the scalar forms
   */
  record SizeLiteral(Form form, List<Size> sizes) implements Argument {

    /** Copies the list. */
    public SizeLiteral {
      sizes = List.copyOf(sizes);
    }

    /** The Java value at given sizes. */
    public Object at(Map<String, Long> symbols) {
      long[] values = sizes.stream().mapToLong(s -> s.at(symbols)).toArray();
      return switch (form) {
        case INT -> Math.toIntExact(values[0]);
        case LONG -> values[0];
        case FLOAT -> (float) values[0];
        case DOUBLE -> (double) values[0];
        case SHAPE -> new Shape(values);
        case INTS -> Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
        case LONGS -> values;
      };
    }
  }

  /** True while training; the boolean of {@code batchNorm} and {@code dropout}. */
  record TrainingFlag() implements Argument {}

  /** The manager of the running forward pass. */
  record ManagerOf() implements Argument {}

  /**
   * Several arguments in one.
   *
   * @param holder the Java type that holds them
   * @param items the arguments
   */
  record ListOf(Holder holder, List<Argument> items) implements Argument {

    /** Java types that hold several arrays. */
    public enum Holder {
      /** {@link ai.djl.ndarray.NDList}. */
      LIST,
      /** {@code NDArray[]}. */
      ARRAYS,
      /** {@code Object[]}. */
      OBJECTS
    }

    /** Copies the list. */
    public ListOf {
      items = List.copyOf(items);
    }
  }

  /** An {@link ai.djl.ndarray.index.NDIndex}, item by item. */
  record Index(List<IndexItem> items) implements Argument {

    /** Copies the list. */
    public Index {
      items = List.copyOf(items);
    }
  }

  /**
   * One item of an index.
   *
   * @param kind what it selects
   * @param parts FIXED: the index; SLICE: begin, end, step (literals, null where open); TAKE, PICK,
   *     BOOLEANS: the array; else empty
   */
  record IndexItem(Kind kind, List<Argument> parts) implements Argument {

    /** Kinds of index items. */
    public enum Kind {
      /** The whole dimension. */
      ALL,
      /** A new dimension of size 1. */
      NEW_AXIS,
      /** As many whole dimensions as are left. */
      ELLIPSIS,
      /** One index; the dimension goes. */
      FIXED,
      /** Begin, end, step. */
      SLICE,
      /** Rows by an integer array. */
      TAKE,
      /** One element per row by an integer array. */
      PICK,
      /** Where a boolean array is true. */
      BOOLEANS
    }

    /** Copies the list. */
    public IndexItem {
      parts = List.copyOf(parts);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Checks of shapes and types, and sizes taken from them. */
final class Shapes {

  private Shapes() {}

  /** An fp32 input in rows. */
  static void data(String operation, String name, Tensor x) {
    floats(operation, name, x);
    Check.that(x.layout() == Layout.ROWS, "%s: %s is %s, allowed are rows", operation, name, x);
  }

  /** An fp32 input in any layout. */
  static void floats(String operation, String name, Tensor x) {
    Check.that(
        x.type() == ElementType.FLOAT32, "%s: %s is %s, allowed is FLOAT32", operation, name, x);
  }

  static void rank(String operation, String name, Tensor x, int rank) {
    data(operation, name, x);
    Check.that(x.rank() == rank, "%s: %s is %s, allowed is rank %d", operation, name, x, rank);
  }

  static void writable(String operation, Tensor y) {
    floats(operation, "y", y);
    Check.that(!y.memory().isReadOnly(), "%s: the memory of y is read-only", operation);
  }

  /** An output that must not be the input. */
  static void output(String operation, Tensor y, Tensor x) {
    writable(operation, y);
    Check.that(y != x, "%s: y must not be an input", operation);
  }

  /** y of the shape and layout of x. */
  static void same(String operation, Tensor x, Tensor y) {
    floats(operation, "x", x);
    writable(operation, y);
    shape(operation, "y", y, x.dimensions());
    layout(operation, "y", y, x.layout());
  }

  static void layout(String operation, String name, Tensor x, Layout layout) {
    Check.that(x.layout() == layout, "%s: %s is %s, allowed are %s", operation, name, x, layout);
  }

  static void exactly(String operation, String name, Tensor x, int... shape) {
    data(operation, name, x);
    shape(operation, name, x, shape);
  }

  static void shape(String operation, String name, Tensor x, int... shape) {
    Check.that(
        Arrays.equals(x.dimensions(), shape),
        "%s: %s is %s, allowed is %s",
        operation,
        name,
        x,
        shape);
  }

  static int last(String operation, String name, Tensor x) {
    Check.that(x.rank() >= 1, "%s: %s is a scalar, allowed is rank 1 or more", operation, name);
    return x.dimension(x.rank() - 1);
  }

  /** The axis as 0 to rank - 1; negative ones count from the end. */
  static int axis(String operation, int axis, Tensor x) {
    Check.that(
        axis >= -x.rank() && axis < x.rank(),
        "%s: axis %d of %s does not exist",
        operation,
        axis,
        x);
    return axis < 0 ? axis + x.rank() : axis;
  }

  static int product(Tensor x, int begin, int end) {
    int product = 1;
    for (int i = begin; i < end; i++) {
      product *= x.dimension(i);
    }
    return product;
  }

  static int count(boolean[] flags, boolean value) {
    int count = 0;
    for (boolean flag : flags) {
      count += flag == value ? 1 : 0;
    }
    return count;
  }

  static int matrix(String operation, int outputs, int inputs, @Nullable ConvShape window) {
    Check.that(
        outputs >= 1 && inputs >= 1 && (long) outputs * inputs <= Integer.MAX_VALUE / 4,
        "%s: [%d, %d], allowed are sizes of 1 or more and at most 2 GiB",
        operation,
        outputs,
        inputs);
    if (window != null) {
      int taps = window.kernelH() * window.kernelW();
      Check.that(
          outputs % window.groups() == 0,
          "%s: %s, allowed are groups that divide %d outputs",
          operation,
          window,
          outputs);
      Check.that(
          inputs % taps == 0,
          "%s: %s, allowed are kernels that divide %d inputs",
          operation,
          window,
          inputs);
    }
    return outputs * inputs;
  }

  /** y must be x's shape with the reduced axes set to 1 or left out. */
  static void reduced(Tensor x, boolean[] reduced, Tensor y) {
    int[] kept = x.shape();
    int[] dropped = new int[count(reduced, false)];
    int at = 0;
    for (int i = 0; i < reduced.length; i++) {
      if (reduced[i]) {
        kept[i] = 1;
      } else {
        dropped[at++] = x.dimension(i);
      }
    }
    Check.that(
        Arrays.equals(y.dimensions(), kept) || Arrays.equals(y.dimensions(), dropped),
        "reduce: y is %s, allowed is %s or %s",
        y,
        kept,
        dropped);
  }
}

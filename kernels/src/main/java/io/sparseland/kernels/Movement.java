// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;

/** Operations that only move elements; the same for all kernel sets, checks included. */
final class Movement {

  private Movement() {}

  static void transpose(int[] permutation, Tensor x, Tensor y) {
    int rank = x.rank();
    boolean[] seen = new boolean[rank];
    int[] shape = new int[rank];
    Check.that(permutation.length == rank, "transpose: permutation %s of x %s", permutation, x);
    for (int i = 0; i < rank; i++) {
      int axis = permutation[i];
      Check.that(
          axis >= 0 && axis < rank && !seen[axis],
          "transpose: %s is no permutation of 0 to %d",
          permutation,
          rank - 1);
      seen[axis] = true;
      shape[i] = x.dimension(axis);
    }
    target("transpose", x, y, shape);
    int[] steps = new int[rank]; // of x, in the order of y's axes
    for (int i = 0; i < rank; i++) {
      steps[i] = Shapes.product(x, permutation[i] + 1, rank);
    }
    copyStrided(x, y, shape, steps, 0);
  }

  /** Copies x so that the marked axes come last. */
  static Tensor withLast(Tensor x, boolean[] marked) {
    int[] permutation = new int[x.rank()];
    int at = 0;
    for (boolean wanted : new boolean[] {false, true}) {
      for (int i = 0; i < marked.length; i++) {
        if (marked[i] == wanted) {
          permutation[at++] = i;
        }
      }
    }
    int[] shape = new int[x.rank()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = x.dimension(permutation[i]);
    }
    Tensor y = Tensor.allocate(x.type(), shape);
    transpose(permutation, x, y);
    return y;
  }

  static void slice(int axis, int begin, int step, Tensor x, Tensor y) {
    int at = Shapes.axis("slice", axis, x);
    Check.that(y.rank() == x.rank(), "slice: x is %s, y is %s, allowed is the same rank", x, y);
    Check.atLeast("slice: step", step, 1);
    int n = y.dimension(at);
    Check.that(
        begin >= 0 && begin + (n - 1L) * step < x.dimension(at),
        "slice: %d elements from %d by %d of axis %d of x %s",
        n,
        begin,
        step,
        axis,
        x);
    int[] shape = x.shape();
    shape[at] = n;
    target("slice", x, y, shape);
    int[] steps = new int[x.rank()];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = Shapes.product(x, i + 1, x.rank());
    }
    int first = begin * steps[at];
    steps[at] *= step;
    copyStrided(x, y, shape, steps, first);
  }

  static void concat(int axis, List<Tensor> xs, Tensor y) {
    Check.that(!xs.isEmpty(), "concat: no inputs");
    int at = Shapes.axis("concat", axis, y);
    int total = 0;
    for (Tensor x : xs) {
      Check.that(x.rank() == y.rank(), "concat: x is %s, y is %s", x, y);
      Shapes.layout("concat", "x", x, Layout.ROWS);
      int[] allowed = y.shape();
      allowed[at] = x.dimension(at);
      Check.that(
          Arrays.equals(x.dimensions(), allowed) && x.type() == y.type() && x != y,
          "concat: x is %s, y is %s, allowed is the same but for axis %d",
          x,
          y,
          axis);
      total += x.dimension(at);
    }
    Check.that(total == y.dimension(at), "concat: %d along axis %d, y is %s", total, axis, y);
    Shapes.layout("concat", "y", y, Layout.ROWS);
    Check.that(!y.memory().isReadOnly(), "concat: the memory of y is read-only");
    int outer = Shapes.product(y, 0, at);
    int inner = Shapes.product(y, at + 1, y.rank()) * y.type().bytes();
    int position = 0;
    for (int o = 0; o < outer; o++) {
      for (Tensor x : xs) {
        int length = x.dimension(at) * inner;
        y.memory().put(position, x.memory(), o * length, length);
        position += length;
      }
    }
  }

  static void embedding(Tensor table, Tensor ids, Tensor y) {
    Shapes.rank("embedding", "table", table, 2);
    Shapes.output("embedding", y, table);
    Shapes.layout("embedding", "ids", ids, Layout.ROWS);
    int rows = table.dimension(0);
    int width = table.dimension(1);
    int[] allowed = Arrays.copyOf(ids.dimensions(), ids.rank() + 1);
    allowed[ids.rank()] = width;
    Shapes.exactly("embedding", "y", y, allowed);
    int length = width * Float.BYTES;
    for (int i = 0; i < ids.size(); i++) {
      double id = id(ids, i);
      if (!(id >= 0 && id < rows && id == Math.rint(id))) {
        throw new IndexOutOfBoundsException(
            "embedding: id "
                + i
                + " is "
                + id
                + ", allowed is a whole number from 0 to "
                + (rows - 1));
      }
      y.memory().put(i * length, table.memory(), ((int) id) * length, length);
    }
  }

  private static double id(Tensor ids, int index) {
    return switch (ids.type()) {
      case FLOAT32 -> ids.memory().getFloat(index * 4);
      case INT32 -> ids.memory().getInt(index * 4);
      case INT64 -> (double) ids.memory().getLong(index * 8);
    };
  }

  private static void target(String operation, Tensor x, Tensor y, int[] shape) {
    Check.that(
        Arrays.equals(y.dimensions(), shape) && y.type() == x.type(),
        "%s: y is %s, allowed is %s%s",
        operation,
        y,
        x.type(),
        shape);
    Shapes.layout(operation, "x", x, Layout.ROWS);
    Shapes.layout(operation, "y", y, Layout.ROWS);
    Check.that(!y.memory().isReadOnly(), "%s: the memory of y is read-only", operation);
    Check.that(y != x, "%s: y must not be an input", operation);
  }

  /** y[i0, i1, ...] = x[first + i0 * steps[0] + ...]. */
  private static void copyStrided(Tensor x, Tensor y, int[] shape, int[] steps, int first) {
    int rank = shape.length;
    int n = rank == 0 ? 1 : shape[rank - 1];
    int step = rank == 0 ? 1 : steps[rank - 1];
    int rows = y.size() / n;
    int[] at = new int[Math.max(rank - 1, 0)];
    int offset = first;
    for (int row = 0; row < rows; row++) {
      copyRow(x, offset, step, y, row * n, n);
      for (int d = at.length - 1; d >= 0; d--) {
        offset += steps[d];
        if (++at[d] < shape[d]) {
          break;
        }
        offset -= shape[d] * steps[d];
        at[d] = 0;
      }
    }
  }

  private static void copyRow(Tensor x, int from, int step, Tensor y, int to, int n) {
    int width = x.type().bytes();
    if (step == 1) {
      y.memory().put(to * width, x.memory(), from * width, n * width);
    } else if (width == Integer.BYTES) {
      IntBuffer in = ints(x.memory());
      IntBuffer out = ints(y.memory());
      for (int i = 0; i < n; i++) {
        out.put(to + i, in.get(from + i * step));
      }
    } else {
      LongBuffer in = x.memory().duplicate().order(nativeOrder()).asLongBuffer();
      LongBuffer out = y.memory().duplicate().order(nativeOrder()).asLongBuffer();
      for (int i = 0; i < n; i++) {
        out.put(to + i, in.get(from + i * step));
      }
    }
  }

  private static IntBuffer ints(ByteBuffer memory) {
    return memory.duplicate().order(nativeOrder()).asIntBuffer();
  }
}

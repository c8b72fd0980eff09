// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Choice;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Solution;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** One pass over the columns of a layer that prunes and corrects; see {@link SparseGpt}. */
final class ObsSweep {

  private final Layer layer;
  private final Geometry geometry;
  private final Evidence evidence;
  private final double damping;
  private final int block;
  private final double[] solved; // [out, in], natural order
  private final BitSet keep;
  private final List<String> notes = new ArrayList<>();

  ObsSweep(Layer layer, Evidence evidence, double damping, int block) {
    this.layer = layer;
    this.geometry = layer.geometry();
    this.evidence = evidence;
    this.damping = damping;
    this.block = block;
    this.solved = new double[geometry.size()];
    this.keep = new BitSet(geometry.size());
  }

  /** Chooses what goes. */
  Solution choosing(Choice choice) {
    Columns columns = Columns.of(geometry, choice.pattern(), block);
    PieceChoice choose = new PieceChoice(geometry, choice, columns);
    sweep(columns, choose);
    return solution(Mask.of(geometry, choose.pattern(), keep));
  }

  /** Corrects for what a mask has pruned. */
  Solution following(Mask mask) {
    Columns columns = Columns.of(geometry, Pattern.unstructured(), block);
    sweep(
        columns,
        (group, from, to, w, u, pruned) -> {
          int share = geometry.out() / geometry.groups();
          for (int i = 0; i < share; i++) {
            for (int c = from; c < to; c++) {
              pruned[i * (to - from) + c - from] =
                  !mask.get((group * share + i) * geometry.in() + columns.order()[c]);
            }
          }
        });
    return solution(mask);
  }

  /** Who goes among the columns {@code [from, to)} of a group, in the order of the sweep. */
  interface Chooser {
    /**
     * Chooses.
     *
     * @param w current weights {@code [rows, to - from]}
     * @param u {@code [to - from, to - from]}, the part of U
     * @param pruned receives the answer, {@code [rows, to - from]}
     */
    void choose(int group, int from, int to, double[] w, double[] u, boolean[] pruned);
  }

  private Solution solution(Mask mask) {
    NDArray weight =
        layer.weight().getManager().create(solved, new Shape(geometry.out(), geometry.in()));
    return new Solution(mask, weight, Optional.empty(), notes);
  }

  private void sweep(Columns columns, Chooser chooser) {
    double[] weight = layer.weight().toType(DataType.FLOAT64, false).toDoubleArray();
    int rows = geometry.out() / geometry.groups();
    int n = geometry.in();
    for (int group = 0; group < geometry.groups(); group++) {
      Hessian hessian = Hessian.of(layer, group, columns.order(), evidence, damping);
      notes.addAll(hessian.notes());
      double[] w = new double[rows * n]; // in the order of the sweep
      for (int i = 0; i < rows; i++) {
        for (int c = 0; c < n; c++) {
          w[i * n + c] =
              hessian.dead()[c] ? 0 : weight[(group * rows + i) * n + columns.order()[c]];
        }
      }
      boolean[] pruned = sweep(group, w, hessian.upper(), columns, chooser);
      for (int i = 0; i < rows; i++) {
        for (int c = 0; c < n; c++) {
          int at = (group * rows + i) * n + columns.order()[c];
          solved[at] = w[i * n + c];
          keep.set(at, !pruned[i * n + c]);
        }
      }
    }
  }

  /** Sweeps one group; w changes in place. */
  private boolean[] sweep(int group, double[] w, NDArray upper, Columns columns, Chooser chooser) {
    int n = geometry.in();
    int rows = w.length / n;
    boolean[] all = new boolean[w.length];
    int[] bounds = columns.pieces();
    for (int first = 0; first + 1 < bounds.length; ) {
      int last = first + 1; // several small pieces share one update of the rest
      while (last + 1 < bounds.length && bounds[last + 1] - bounds[first] <= block) {
        last++;
      }
      int from = bounds[first];
      int width = bounds[last] - from;
      double[] u =
          upper
              .get("%d:%d,%d:%d".formatted(from, from + width, from, from + width))
              .toDoubleArray();
      double[] part = columns(w, n, from, width);
      double[] errors = new double[rows * width];
      for (int piece = first; piece < last; piece++) {
        int at = bounds[piece] - from;
        int size = bounds[piece + 1] - bounds[piece];
        boolean[] pruned = new boolean[rows * size];
        if (columns.open(piece)) {
          chooser.choose(
              group,
              bounds[piece],
              bounds[piece + 1],
              columns(part, width, at, size),
              square(u, width, at, size),
              pruned);
        }
        eliminate(part, errors, u, width, at, size, pruned);
        for (int i = 0; i < rows; i++) {
          System.arraycopy(pruned, i * size, all, i * n + bounds[piece], size);
        }
      }
      for (int i = 0; i < rows; i++) {
        System.arraycopy(part, i * width, w, i * n + from, width);
      }
      updateRest(w, errors, upper, from, width);
      first = last;
    }
    return all;
  }

  private static void eliminate(
      double[] w, double[] errors, double[] u, int width, int at, int size, boolean[] pruned) {
    int rows = w.length / width;
    for (int i = 0; i < rows; i++) {
      int row = i * width;
      for (int c = 0; c < size; c++) {
        if (!pruned[i * size + c]) {
          continue;
        }
        int j = at + c;
        double e = w[row + j] / u[j * width + j];
        errors[row + j] = e;
        for (int k = j; k < width; k++) {
          w[row + k] -= e * u[j * width + k];
        }
        w[row + j] = 0;
      }
    }
  }

  private void updateRest(double[] w, double[] errors, NDArray upper, int from, int width) {
    int n = geometry.in();
    int rows = w.length / n;
    int rest = from + width;
    if (rest == n) {
      return;
    }
    NDArray e = upper.getManager().create(errors, new Shape(rows, width));
    double[] change = e.matMul(upper.get("%d:%d,%d:".formatted(from, rest, rest))).toDoubleArray();
    for (int i = 0; i < rows; i++) {
      for (int k = 0; k < n - rest; k++) {
        w[i * n + rest + k] -= change[i * (n - rest) + k];
      }
    }
  }

  private static double[] columns(double[] matrix, int width, int from, int size) {
    int rows = matrix.length / width;
    double[] part = new double[rows * size];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(matrix, i * width + from, part, i * size, size);
    }
    return part;
  }

  private static double[] square(double[] matrix, int width, int from, int size) {
    double[] part = new double[size * size];
    for (int i = 0; i < size; i++) {
      System.arraycopy(matrix, (from + i) * width + from, part, i * size, size);
    }
    return part;
  }
}

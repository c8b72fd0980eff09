// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import io.sparseland.core.Choice;
import io.sparseland.core.Geometry;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import org.jspecify.annotations.Nullable;

/**
 * Chooses, piece by piece, the units of smallest loss {@code |U_bb^-T w_b|^2}; for single weights
 * {@code w^2 / U_jj^2}.
 */
final class PieceChoice implements ObsSweep.Chooser {

  private final Geometry geometry;
  private final Pattern pattern;
  private final Columns columns;
  private final @Nullable Mask present;
  private final long perGroup; // units to prune in each comparison group
  private final int band; // rows that compete, and share a quota
  private final int unitWeights;
  private final Quota[] quotas; // one a band; none for N:M, where every piece is its own

  PieceChoice(Geometry geometry, Choice choice, Columns columns) {
    this.geometry = geometry;
    this.pattern = choice.pattern();
    this.columns = columns;
    this.present = choice.present();
    this.perGroup = pattern.pruneUnits(geometry, geometry.size() - choice.kept(), choice.within());
    int share = geometry.out() / geometry.groups();
    boolean byRow = choice.within() == Scope.ROW && !(pattern instanceof Pattern.NM);
    int blockRows = pattern instanceof Pattern.Block block ? block.rows() : 1;
    this.band = byRow ? blockRows : share;
    this.unitWeights =
        pattern instanceof Pattern.NM ? 1 : geometry.size() / pattern.units(geometry);
    this.quotas = new Quota[byRow ? geometry.out() / band : 1];
    for (int q = 0; q < quotas.length; q++) {
      int rows = geometry.out() / quotas.length;
      long already = already(q * rows, (q + 1) * rows, 0, geometry.in());
      long units = (long) rows * geometry.in() / unitWeights;
      quotas[q] = new Quota(perGroup - already, units - already);
    }
  }

  /** The pattern that masks of this choice have. */
  Pattern pattern() {
    return pattern.whenPruned(perGroup);
  }

  @Override
  public void choose(int group, int from, int to, double[] w, double[] u, boolean[] pruned) {
    int size = to - from;
    int share = geometry.out() / geometry.groups();
    for (int top = 0; top < share; top += band) {
      int row = group * share + top;
      float[] scores = scores(w, u, top, size);
      markPresent(scores, row, from, size);
      Geometry piece = piece(size);
      long gone = already(row, row + band, from, to);
      long count =
          pattern instanceof Pattern.NM
              ? perGroup
              : gone
                  + quotas[quotas.length == 1 ? 0 : row / band].next(
                      (long) band * size / unitWeights - gone);
      Mask mask = pattern.select(scores, piece, count, Scope.LAYER);
      for (int i = 0; i < scores.length; i++) {
        pruned[top * size + i] = !mask.get(i);
      }
    }
  }

  private Geometry piece(int size) {
    int positions = geometry.kernelH() * geometry.kernelW();
    return pattern instanceof Pattern.Channel || pattern instanceof Pattern.Head
        ? new Geometry(band, size, size / positions, geometry.kernelH(), geometry.kernelW(), 1)
        : Geometry.linear(band, size);
  }

  private float[] scores(double[] w, double[] u, int top, int size) {
    float[] scores = new float[band * size];
    int unit = columns.unit();
    double[] e = new double[unit];
    for (int i = 0; i < band; i++) {
      for (int b = 0; b < size; b += unit) {
        for (int c = 0; c < unit; c++) { // forward substitution: U_bb^T e = w_b
          double left = w[(top + i) * size + b + c];
          for (int k = 0; k < c; k++) {
            left -= u[(b + k) * size + b + c] * e[k];
          }
          e[c] = left / u[(b + c) * size + b + c];
          scores[i * size + b + c] = (float) (e[c] * e[c]);
        }
      }
    }
    return scores;
  }

  private void markPresent(float[] scores, int row, int from, int size) {
    if (present == null) {
      return;
    }
    for (int i = 0; i < scores.length; i++) {
      if (!present.get(at(row + i / size, from + i % size))) {
        scores[i] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  /** Units of a rectangle that are already pruned. */
  private long already(int top, int bottom, int from, int to) {
    if (present == null) {
      return 0;
    }
    long count = 0;
    for (int row = top; row < bottom; row++) {
      for (int c = from; c < to; c++) {
        count += present.get(at(row, c)) ? 0 : 1;
      }
    }
    return count / unitWeights;
  }

  private int at(int row, int column) {
    return row * geometry.in() + columns.order()[column];
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import io.sparseland.core.Geometry;
import io.sparseland.core.Pattern;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The columns of a layer in the order a sweep visits them, cut into pieces within which weights
 * compete. N:M and blocks of a convolution go along the input channels of one kernel position.
 */
final class Columns {

  private final int[] order;
  private final int[] pieces;
  private final boolean[] open;
  private final int unit;

  private Columns(int[] order, int[] pieces, boolean[] open, int unit) {
    this.order = order;
    this.pieces = pieces;
    this.open = open;
    this.unit = unit;
  }

  /** The i-th column visited is column {@code order[i]} of the weight. Not to be changed. */
  int[] order() {
    return order;
  }

  /** Bounds of the pieces, the first 0, the last the number of columns. Not to be changed. */
  int[] pieces() {
    return pieces;
  }

  /** Whether weights of a piece may be pruned; the remainder of N:M may not. */
  boolean open(int piece) {
    return open[piece];
  }

  /** Columns that are pruned together. */
  int unit() {
    return unit;
  }

  /**
   * The columns for a pattern.
   *
   * @param wanted columns of a piece where the pattern leaves it open
   */
  static Columns of(Geometry g, Pattern pattern, int wanted) {
    int positions = g.kernelH() * g.kernelW();
    if (pattern instanceof Pattern.NM nm) {
      return byPosition(g, positions, nm.group(), 1, nm.group());
    }
    if (pattern instanceof Pattern.Block block) {
      int piece = Math.max(1, wanted / block.columns()) * block.columns();
      return byPosition(g, positions, block.columns(), block.columns(), piece);
    }
    int unit =
        pattern instanceof Pattern.Row
            ? g.in()
            : pattern instanceof Pattern.Channel
                ? positions
                : pattern instanceof Pattern.Head head ? head.width() * positions : 1;
    int piece = Math.max(1, wanted / unit) * unit;
    return cut(IntStream.range(0, g.in()).toArray(), g.in(), piece, g.in(), unit);
  }

  private static Columns byPosition(Geometry g, int positions, int group, int unit, int piece) {
    int[] order = new int[g.in()];
    for (int p = 0; p < positions; p++) {
      for (int c = 0; c < g.channels(); c++) {
        order[p * g.channels() + c] = c * positions + p;
      }
    }
    return cut(order, g.channels(), piece, g.channels() / group * group, unit);
  }

  /** Cuts lanes of equal length into pieces; what lies behind {@code covered} is not pruned. */
  private static Columns cut(int[] order, int lane, int piece, int covered, int unit) {
    IntStream.Builder bounds = IntStream.builder();
    List<Boolean> open = new ArrayList<>();
    for (int from = 0; from < order.length; from += lane) {
      for (int at = 0; at < covered; at += piece) {
        bounds.add(from + at);
        open.add(true);
      }
      if (covered < lane) {
        bounds.add(from + covered);
        open.add(false);
      }
    }
    bounds.add(order.length);
    boolean[] flags = new boolean[open.size()];
    for (int i = 0; i < flags.length; i++) {
      flags[i] = open.get(i);
    }
    return new Columns(order, bounds.build().toArray(), flags, unit);
  }
}

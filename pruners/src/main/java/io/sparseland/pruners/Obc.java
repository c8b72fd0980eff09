// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Check;
import io.sparseland.core.Choice;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import io.sparseland.core.Solution;
import io.sparseland.core.Solver;
import io.sparseland.core.Statistic;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Optimal brain compression: exact optimal brain surgeon on every row, one weight after another.
 *
 * <p>With H the damped Hessian of the squared output error, the weight q of smallest {@code w_q^2 /
 * (2 [H^-1]_qq)} goes, the others move by {@code -H^-1 e_q w_q / [H^-1]_qq}, and q leaves the
 * inverse: {@code H^-1 -= H^-1 e_q e_q^T H^-1 / [H^-1]_qq}. Where rows share one budget, every row
 * is taken apart once, and in the second pass each goes as far as the smallest next losses of all
 * rows say. For small layers: {@code out · in^3} operations.
 *
 * @param damping share of the mean diagonal of H that is added to it
 * @see <a href="https://arxiv.org/abs/2208.11580">Frantar, Singh and Alistarh 2022, "Optimal Brain
 *     Compression", alg. 1 and 2</a>
 */
public record Obc(double damping) implements Solver {

  private static final double MOST = 4e11; // multiply-adds; some minutes

  /** Checks the setting. */
  public Obc {
    Check.that(damping > 0 && damping <= 1, "damping is %s, allowed: above 0, at most 1", damping);
  }

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.INPUT_GRAM);
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    return new SparseGpt(damping, 128).score(layer, evidence);
  }

  @Override
  public Solution solve(Layer layer, Evidence evidence, Choice choice) {
    Geometry g = layer.geometry();
    boolean plain = choice.pattern() instanceof Pattern.Unstructured;
    boolean lanes = choice.pattern() instanceof Pattern.NM && g.kernelH() * g.kernelW() == 1;
    Check.that(
        plain || lanes,
        "layer %s: obc takes single weights, and N:M of linear layers; not pattern %s",
        layer.name(),
        choice.pattern().text());
    double work = (double) g.out() * g.in() * g.in() * g.in();
    Check.that(
        work <= MOST,
        "layer %s of %d x %d is too large for obc (%.0e operations, allowed: %.0e); use sparsegpt",
        layer.name(),
        g.out(),
        g.in(),
        work,
        MOST);
    double[] all = layer.weight().toType(DataType.FLOAT64, false).toDoubleArray();
    List<double[]> inverses = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    int[] natural = IntStream.range(0, g.in()).toArray();
    for (int group = 0; group < g.groups(); group++) {
      Hessian hessian = Hessian.of(layer, group, natural, evidence, damping);
      inverses.add(hessian.inverse().toDoubleArray());
      notes.addAll(hessian.notes());
    }
    Rows rows = new Rows(all, g, inverses, choice);
    int[] counts = rows.counts();
    BitSet keep = new BitSet(g.size());
    double[] solved = new double[g.size()];
    for (int r = 0; r < g.out(); r++) {
      ObcRow row = rows.row(r);
      for (int k = rows.already(r); k < counts[r]; k++) {
        row.remove(rows.next(row));
      }
      System.arraycopy(row.weights(), 0, solved, r * g.in(), g.in());
      for (int i = 0; i < g.in(); i++) {
        keep.set(r * g.in() + i, !row.gone(i));
      }
    }
    long perGroup = choice.pattern().pruneUnits(g, g.size() - choice.kept(), choice.within());
    Mask mask = Mask.of(g, choice.pattern().whenPruned(perGroup), keep);
    NDArray weight = layer.weight().getManager().create(solved, new Shape(g.out(), g.in()));
    return Solution.of(mask, weight).noting(notes);
  }

  /** All rows of a layer, and how many weights each loses. */
  private static final class Rows {

    private final double[] weights;
    private final Geometry g;
    private final List<double[]> inverses; // by group
    private final int share;
    private final Choice choice;

    Rows(double[] weights, Geometry g, List<double[]> inverses, Choice choice) {
      this.weights = weights;
      this.g = g;
      this.inverses = inverses;
      this.share = g.out() / g.groups();
      this.choice = choice;
    }

    /** A row at its start: what a present mask has pruned is gone. */
    ObcRow row(int r) {
      int from = r * g.in();
      ObcRow row =
          new ObcRow(Arrays.copyOfRange(weights, from, from + g.in()), inverses.get(r / share));
      Mask present = choice.present();
      for (int i = 0; present != null && i < g.in(); i++) {
        if (!present.get(from + i)) {
          row.remove(i);
        }
      }
      return row;
    }

    int already(int r) {
      Mask present = choice.present();
      int gone = 0;
      for (int i = 0; present != null && i < g.in(); i++) {
        gone += present.get(r * g.in() + i) ? 0 : 1;
      }
      return gone;
    }

    int next(ObcRow row) {
      if (choice.pattern() instanceof Pattern.NM nm) {
        long most = nm.pruneUnits(g, g.size() - choice.kept(), choice.within());
        return row.next(nm.group(), Math.toIntExact(most));
      }
      return row.next(g.in(), g.in());
    }

    /** Weights that each row loses, those of a present mask included. */
    int[] counts() {
      long perGroup = choice.pattern().pruneUnits(g, g.size() - choice.kept(), choice.within());
      int[] counts = new int[g.out()];
      if (choice.pattern() instanceof Pattern.NM nm) {
        Arrays.fill(counts, Math.toIntExact(g.in() / nm.group() * perGroup));
        return counts;
      }
      if (choice.within() == Scope.ROW) {
        Arrays.fill(counts, Math.toIntExact(perGroup));
        return counts;
      }
      double[][] losses = new double[g.out()][];
      long left = g.size() - choice.kept();
      for (int r = 0; r < g.out(); r++) {
        ObcRow row = row(r);
        counts[r] = already(r);
        losses[r] = new double[g.in()];
        for (int k = counts[r]; k < g.in(); k++) {
          losses[r][k] = row.remove(row.next(g.in(), g.in()));
        }
        left -= counts[r];
      }
      Comparator<Integer> smallest = Comparator.comparingDouble(r -> losses[r][counts[r]]);
      PriorityQueue<Integer> queue = new PriorityQueue<>(smallest.thenComparingInt(r -> r));
      for (int r = 0; r < g.out(); r++) {
        if (counts[r] < g.in()) {
          queue.add(r);
        }
      }
      for (; left > 0; left--) {
        int r = queue.remove();
        if (++counts[r] < g.in()) {
          queue.add(r);
        }
      }
      return counts;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The smallest sum of losses, each layer's loss a known curve of its sparsity.
 *
 * <p>Between measured levels the logarithm of the loss is linear, below the first the loss goes
 * with the square of the sparsity; no layer goes beyond the first or last level unless the whole
 * must. Of each curve the lower convex hull counts, on a grid of {@value #STEP}: its pieces are
 * taken in ascending order of loss per weight until enough weights are gone, which is the optimum
 * of the hulls (equal slopes: the earlier layer first).
 *
 * @param levels ascending sparsities, above 0, at most 1
 * @param losses by layer name, one number a level; not negative
 */
public record LossCurves(List<Double> levels, Map<String, List<Double>> losses)
    implements Allocation {

  private static final double STEP = 0.005;
  private static final double FLOOR = 1e-12; // of a loss, so that it has a logarithm

  /** Copies and checks the curves. */
  public LossCurves {
    levels = List.copyOf(levels);
    losses = Map.copyOf(losses);
    Check.that(!levels.isEmpty(), "there are no levels");
    int count = levels.size();
    losses.forEach(
        (name, curve) ->
            Check.that(
                curve.size() == count
                    && curve.stream().allMatch(loss -> loss >= 0 && loss < Double.MAX_VALUE),
                "losses of layer %s are %s, allowed: %d numbers, 0 or more",
                name,
                curve,
                count));
  }

  /** A piece of a hull: so many weights of a layer for so much loss. */
  private record Piece(int layer, double weights, double slope) {}

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    Check.fraction("sparsity", sparsity);
    long total = Allocation.total(layers);
    long kept = total - Counts.pruned(sparsity, total);
    double least = Math.min(sparsity, levels.get(0));
    double most = Math.max(sparsity, levels.get(levels.size() - 1));
    double[] pruned = new double[layers.size()];
    List<Piece> pieces = new ArrayList<>();
    double left = total - kept;
    for (int l = 0; l < pruned.length; l++) {
      LayerShape layer = layers.get(l);
      List<Double> curve = losses.get(layer.name());
      Check.that(curve != null, "layer %s was not scanned", layer.name());
      if (curve != null) {
        pruned[l] = least * layer.size();
        left -= pruned[l];
        addHull(pieces, l, layer.size(), curve, least, most);
      }
    }
    pieces.sort(Comparator.comparingDouble(Piece::slope).thenComparingInt(Piece::layer));
    for (Piece piece : pieces) {
      double taken = Math.max(0, Math.min(left, piece.weights()));
      pruned[piece.layer()] += taken;
      left -= taken;
    }
    double[] shares = new double[pruned.length];
    long[] caps = new long[pruned.length];
    for (int l = 0; l < pruned.length; l++) {
      caps[l] = layers.get(l).size();
      shares[l] = Math.max(0, caps[l] - pruned[l]);
    }
    return Counts.largestRemainder(shares, kept, caps);
  }

  private void addHull(
      List<Piece> pieces, int layer, int size, List<Double> curve, double from, double to) {
    int points = Math.max(1, (int) Math.round((to - from) / STEP));
    List<double[]> hull = new ArrayList<>(); // of (weights pruned, loss)
    for (int i = 0; i <= points; i++) {
      double at = from + (to - from) * i / points;
      double[] point = {at * size, loss(curve, at)};
      while (hull.size() > 1
          && slope(hull.get(hull.size() - 2), hull.get(hull.size() - 1))
              >= slope(hull.get(hull.size() - 1), point)) {
        hull.remove(hull.size() - 1);
      }
      hull.add(point);
    }
    for (int i = 1; i < hull.size(); i++) {
      double[] before = hull.get(i - 1);
      double[] after = hull.get(i);
      if (after[0] > before[0]) {
        pieces.add(new Piece(layer, after[0] - before[0], slope(before, after)));
      }
    }
  }

  private static double slope(double[] a, double[] b) {
    return b[0] > a[0] ? (b[1] - a[1]) / (b[0] - a[0]) : Double.POSITIVE_INFINITY;
  }

  /** The loss of a curve at a sparsity. */
  double loss(List<Double> curve, double sparsity) {
    int k = 0;
    while (k < levels.size() - 1 && sparsity > levels.get(k)) {
      k++;
    }
    double high = levels.get(k);
    if (k == 0) {
      return curve.get(0) * Math.pow(sparsity / high, 2);
    }
    double low = levels.get(k - 1);
    double a = Math.log(Math.max(FLOOR, curve.get(k - 1)));
    double b = Math.log(Math.max(FLOOR, curve.get(k)));
    return Math.exp(a + (b - a) * (sparsity - low) / (high - low));
  }
}

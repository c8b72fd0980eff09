// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Counts;
import io.sparseland.core.Layer;
import io.sparseland.core.Statistic;
import io.sparseland.core.UpdateContext;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How many weights each layer grows, as many in all as were dropped in all. */
interface Reallocation {

  /** Statistics that it reads. */
  default Set<Statistic> needs() {
    return Set.of();
  }

  /**
   * Weights to grow, in the order of {@code dropped}.
   *
   * @param dropped by layer, in forward order
   * @param places how many weights each layer may grow at most
   */
  long[] grown(UpdateContext context, Map<Layer, BitSet> dropped, long[] places);

  /** Each layer what it lost, as far as there is room. */
  static Reallocation none() {
    return (context, dropped, places) -> counts(dropped);
  }

  /** The sizes of the sets. */
  static long[] counts(Map<Layer, BitSet> dropped) {
    return dropped.values().stream().mapToLong(BitSet::cardinality).toArray();
  }

  /**
   * Shares a whole number in proportion to weights: what a layer has no room for goes to the others
   * in proportion; then rounding by largest remainder.
   *
   * @param weights 0 or more; all 0 means equal
   * @param caps real upper limits; the result stays at or below them
   * @throws IllegalArgumentException if the caps, rounded down, add up to less than {@code total}
   */
  static long[] proportional(double[] weights, long total, double[] caps) {
    double[] shares = new double[weights.length];
    boolean[] full = new boolean[weights.length];
    double left = total;
    for (boolean again = true; again; ) {
      again = false;
      double sum = 0;
      int open = 0;
      for (int i = 0; i < shares.length; i++) {
        sum += full[i] ? 0 : weights[i];
        open += full[i] ? 0 : 1;
      }
      double rest = left;
      for (int i = 0; i < shares.length; i++) {
        if (!full[i]) {
          shares[i] = rest * (sum > 0 ? weights[i] / sum : 1.0 / open);
        }
      }
      for (int i = 0; i < shares.length; i++) {
        if (!full[i] && shares[i] > caps[i]) {
          shares[i] = caps[i];
          left -= caps[i];
          full[i] = true;
          again = true;
        }
      }
    }
    long[] limits = Arrays.stream(caps).mapToLong(cap -> (long) Math.floor(cap + 1e-9)).toArray();
    return Counts.largestRemainder(shares, total, limits);
  }

  /**
   * DSR: in proportion to the weights that survived the drop.
   *
   * @see <a href="https://arxiv.org/abs/1902.05967">Mostafa and Wang 2019, "Parameter efficient
   *     training of deep convolutional neural networks by dynamic sparse reparameterization"</a>
   */
  record BySurvivors() implements Reallocation {

    @Override
    public long[] grown(UpdateContext context, Map<Layer, BitSet> dropped, long[] places) {
      double[] survivors =
          dropped.entrySet().stream()
              .mapToDouble(e -> context.mask(e.getKey()).kept() - e.getValue().cardinality())
              .toArray();
      long total = Arrays.stream(counts(dropped)).sum();
      return proportional(survivors, total, Arrays.stream(places).asDoubleStream().toArray());
    }
  }

  /**
   * SNFS: in proportion to the mean momentum of the kept weights, each layer at most 0.99 of its
   * places.
   *
   * @see <a href="https://arxiv.org/abs/1907.04840">Dettmers and Zettlemoyer 2019, "Sparse networks
   *     from scratch"</a>
   */
  record ByMomentum() implements Reallocation {

    private static final double ROOM = 0.99;

    @Override
    public Set<Statistic> needs() {
      return Set.of(Statistic.MOMENTUM);
    }

    @Override
    public long[] grown(UpdateContext context, Map<Layer, BitSet> dropped, long[] places) {
      long total = Arrays.stream(counts(dropped)).sum();
      double[] caps = Arrays.stream(places).mapToDouble(n -> ROOM * n).toArray();
      if (Arrays.stream(caps).mapToLong(cap -> (long) cap).sum() < total) { // nearly dense
        caps = Arrays.stream(places).asDoubleStream().toArray();
      }
      return proportional(shares(context, List.copyOf(dropped.keySet())), total, caps);
    }

    /** Mean {@code |v|} over the kept weights of each layer, divided by their sum. */
    static double[] shares(UpdateContext context, List<Layer> layers) {
      double[] means =
          layers.stream()
              .mapToDouble(
                  layer -> {
                    float[] momentum = MomentumMagnitude.of(layer, context.evidence(layer));
                    return context.mask(layer).keptSet().stream()
                        .mapToDouble(i -> momentum[i])
                        .average()
                        .orElse(0);
                  })
              .toArray();
      double sum = Arrays.stream(means).sum();
      return Arrays.stream(means).map(m -> sum > 0 ? m / sum : 1.0 / means.length).toArray();
    }
  }
}

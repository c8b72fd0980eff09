// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
import io.sparseland.core.Counts;
import io.sparseland.core.Mask;
import io.sparseland.core.Ranking;
import java.util.BitSet;

/**
 * One drop-and-grow step as a pure function on arrays.
 *
 * @param mask the new mask, as many weights kept as before unless another number is grown
 * @param dropped kept before and chosen to go
 * @param grown chosen to be kept; with returns, some of {@code dropped} may be here
 */
public record Topology(Mask mask, BitSet dropped, BitSet grown) {

  /** What is kept now and was not before. */
  BitSet fresh(Mask before) {
    BitSet fresh = mask.keptSet();
    fresh.andNot(before.keptSet());
    return fresh;
  }

  /**
   * Weights to exchange: {@code min(floor(fraction · kept), free)}.
   *
   * @param fraction of the kept weights, 0 to 1
   */
  public static long count(Mask mask, double fraction) {
    return count(mask, fraction, Rounding.DOWN);
  }

  static long count(Mask mask, double fraction, Rounding rounding) {
    long wanted =
        rounding == Rounding.DOWN
            ? Counts.pruned(fraction, mask.kept())
            : mask.kept() - Counts.pruned(1 - fraction, mask.kept());
    return Math.min(wanted, (long) mask.size() - mask.kept());
  }

  /** The {@code count} kept weights with the lowest scores; equal scores: the lower index. */
  public static BitSet drop(Mask mask, float[] scores, long count) {
    return Ranking.lowest(scores, mask.keptSet(), count);
  }

  /**
   * The kept weights with the lowest scores, but never the best one of an output; fewer than {@code
   * count} where there are not as many.
   */
  static BitSet dropSparingRows(Mask mask, float[] scores, long count) {
    BitSet among = mask.keptSet();
    int in = mask.geometry().in();
    for (int row = 0; row < mask.geometry().out(); row++) {
      int best = among.nextSetBit(row * in);
      for (int i = best; i >= 0 && i < (row + 1) * in; i = among.nextSetBit(i + 1)) {
        best = scores[i] > scores[best] ? i : best;
      }
      if (best >= 0 && best < (row + 1) * in) {
        among.clear(best);
      }
    }
    return Ranking.lowest(scores, among, Math.min(count, among.cardinality()));
  }

  /**
   * Per sign: the share of the smallest positive and of the largest negative kept weights, each
   * rounded down. Kept weights that are exactly 0 stay.
   *
   * @param weights one a weight
   * @param fraction of the positive and of the negative kept weights, 0 to 1
   */
  public static BitSet dropBySign(Mask mask, float[] weights, double fraction) {
    BitSet positive = new BitSet(weights.length);
    BitSet negative = new BitSet(weights.length);
    mask.keptSet().stream()
        .forEach(
            i -> {
              positive.set(i, weights[i] > 0);
              negative.set(i, weights[i] < 0);
            });
    long free = (long) mask.size() - mask.kept();
    long ups = Math.min(free, Counts.pruned(fraction, positive.cardinality()));
    long downs = Math.min(free - ups, Counts.pruned(fraction, negative.cardinality()));
    BitSet dropped = Ranking.lowest(weights, positive, ups);
    dropped.or(Ranking.highest(weights, negative, downs));
    return dropped;
  }

  /**
   * Takes the dropped weights out and grows as many with the highest scores.
   *
   * @param dropped subset of the kept weights
   * @param scores of growth, one a weight; equal scores: the lower index is grown first
   * @param returns whether a weight dropped just now may be grown again, keeping value and state
   */
  public static Topology grow(Mask mask, BitSet dropped, float[] scores, boolean returns) {
    return grow(mask, dropped, scores, dropped.cardinality(), returns);
  }

  /** The same with another number grown than dropped. */
  static Topology grow(Mask mask, BitSet dropped, float[] scores, long amount, boolean returns) {
    BitSet before = mask.keptSet();
    BitSet kept = mask.keptSet();
    kept.andNot(dropped);
    int count = dropped.cardinality();
    Check.that(
        before.cardinality() - kept.cardinality() == count,
        "%d weights to drop are not all kept by %s",
        count,
        mask);
    BitSet candidates = new BitSet(mask.size());
    candidates.set(0, mask.size());
    candidates.andNot(returns ? kept : before);
    BitSet grown = Ranking.highest(scores, candidates, amount);
    kept.or(grown);
    return new Topology(Mask.of(mask.geometry(), mask.pattern(), kept), dropped, grown);
  }
}

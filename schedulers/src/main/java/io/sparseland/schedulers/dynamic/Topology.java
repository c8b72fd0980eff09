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
 * @param mask the new mask, as many weights kept as before
 * @param dropped kept before and chosen to go
 * @param grown chosen to be kept; with returns, some of {@code dropped} may be here
 */
public record Topology(Mask mask, BitSet dropped, BitSet grown) {

  /**
   * Weights to exchange: {@code min(floor(fraction · kept), free)}.
   *
   * @param fraction of the kept weights, 0 to 1
   */
  public static long count(Mask mask, double fraction) {
    return Math.min(Counts.pruned(fraction, mask.kept()), (long) mask.size() - mask.kept());
  }

  /** The {@code count} kept weights with the lowest scores; equal scores: the lower index. */
  public static BitSet drop(Mask mask, float[] scores, long count) {
    return Ranking.lowest(scores, mask.keptSet(), count);
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
    BitSet grown = Ranking.highest(scores, candidates, count);
    kept.or(grown);
    return new Topology(Mask.of(mask.geometry(), mask.pattern(), kept), dropped, grown);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** The counting rules, used by everything that prunes. */
public final class Counts {

  /** 0.29 · 100 is 28.999999999999996 in binary floating point. */
  private static final double SLACK = 1e-9;

  private Counts() {}

  /**
   * How many of {@code n} things are pruned: {@code floor(sparsity · n + 1e-9)}.
   *
   * @param sparsity share to prune, 0 to 1
   * @param n number of things, 0 or more
   */
  public static long pruned(double sparsity, long n) {
    Check.fraction("sparsity", sparsity);
    Check.that(n >= 0, "n is %d, allowed: 0 or more", n);
    return Math.min(n, (long) Math.floor(sparsity * n + SLACK));
  }

  /**
   * Rounds real shares to whole numbers with an exact sum: every share is rounded down, then those
   * with the largest remainders get one more. Equal remainders: the earlier first. No share exceeds
   * its cap.
   *
   * @param shares wanted amounts, 0 or more, adding up to about {@code total}
   * @param total exact sum of the result
   * @param caps upper limits
   * @throws IllegalArgumentException if the caps add up to less than {@code total}
   */
  public static long[] largestRemainder(double[] shares, long total, long[] caps) {
    Check.that(shares.length == caps.length, "%d shares, but %d caps", shares.length, caps.length);
    long room = Arrays.stream(caps).sum();
    Check.that(
        total >= 0 && total <= room, "total is %d, allowed: 0 to %d (the caps' sum)", total, room);
    long[] counts = new long[shares.length];
    long[] remainders =
        new long[shares.length]; // in units of the slack, so that noise makes no order
    for (int i = 0; i < shares.length; i++) {
      Check.that(
          shares[i] >= 0 && shares[i] < Long.MAX_VALUE,
          "share %d is %s, allowed: 0 or more",
          i,
          shares[i]);
      double whole = Math.floor(shares[i] + SLACK);
      counts[i] = Math.min(caps[i], (long) whole);
      remainders[i] = Math.round((shares[i] - whole) / SLACK);
    }
    int[] order =
        IntStream.range(0, shares.length)
            .boxed()
            .sorted(Comparator.<Integer>comparingLong(i -> -remainders[i]).thenComparing(i -> i))
            .mapToInt(Integer::intValue)
            .toArray();
    long left = total - Arrays.stream(counts).sum();
    while (left > 0) { // once round for shares that add up; more if caps cut something off
      for (int i : order) {
        if (left > 0 && counts[i] < caps[i]) {
          counts[i]++;
          left--;
        }
      }
    }
    while (left < 0) {
      for (int k = order.length - 1; k >= 0; k--) {
        if (left < 0 && counts[order[k]] > 0) {
          counts[order[k]]--;
          left++;
        }
      }
    }
    return counts;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/**
 * Selection of N:M, the one pattern that is chosen anew at every step of a training: no units are
 * numbered, one pass over the scores.
 */
final class PatternGroups {

  private static final int INFINITE = 0x7f800000; // bits of the float

  private PatternGroups() {}

  /** See {@link Pattern#select}. */
  static Mask select(Pattern.NM pattern, float[] scores, Geometry geometry, long pruned) {
    pattern.check(geometry);
    Check.that(
        scores.length == geometry.size(),
        "%d scores for %d weights",
        scores.length,
        geometry.size());
    Check.that(
        pruned >= 0 && pruned <= pattern.group() - pattern.keep(),
        "%d units of %d to prune with pattern %s, allowed: 0 to %d",
        pruned,
        pattern.group(),
        pattern.text(),
        pattern.group() - pattern.keep());
    long[] words = Mask.all(geometry).words();
    int positions = geometry.kernelH() * geometry.kernelW();
    int covered = geometry.channels() / pattern.group() * pattern.group();
    int span = pattern.group() * positions; // from one group of a lane to the next
    for (int row = 0; row < geometry.size(); row += geometry.in()) {
      for (int lane = row; lane < row + positions; lane++) {
        for (int from = lane; from < lane + covered * positions; from += span) {
          if (positions == 1 && Long.SIZE % pattern.group() == 0 && from % pattern.group() == 0) {
            pruneInWord(scores, from, pattern.group(), (int) pruned, words);
          } else {
            prune(scores, from, positions, pattern.group(), (int) pruned, words);
          }
        }
      }
      checkRest(scores, row + covered * positions, row + geometry.in());
    }
    return Mask.chosen(geometry, pattern.whenPruned(pruned), words);
  }

  /**
   * The same for neighbours within one word: every weight is ranked by comparisons, without
   * branches; twice as fast for small groups.
   */
  private static void pruneInWord(float[] scores, int from, int group, int pruned, long[] words) {
    if (group == 4 && pruned > 0) {
      long gone = Fours.gone(scores, from, pruned);
      if (gone >= 0) {
        words[from >>> 6] &= ~(gone << from);
        return;
      }
    }
    long gone = 0;
    for (int i = 0; i < group; i++) {
      float score = scores[from + i];
      int rank = 0; // how many of the group go before it
      for (int j = 0; j < i; j++) {
        rank += score >= scores[from + j] ? 1 : 0;
      }
      for (int j = i + 1; j < group; j++) {
        rank += score > scores[from + j] ? 1 : 0;
      }
      if (!(score < Float.POSITIVE_INFINITY)
          || (rank >= pruned && score == Float.NEGATIVE_INFINITY)) {
        prune(scores, from, 1, group, pruned, words); // which tells what is wrong
      }
      gone |= rank < pruned ? 1L << i : 0;
    }
    words[from >>> 6] &= ~(gone << from);
  }

  /** Groups of four scores of 0 or more, by six comparisons of their bits and a table. */
  private static final class Fours {

    private static final byte[][] GONE = new byte[5][64]; // pruned, comparisons -> bits

    static {
      for (int pruned = 1; pruned <= 4; pruned++) {
        for (int less = 0; less < 64; less++) {
          GONE[pruned][less] = gone(less, pruned);
        }
      }
    }

    /** Bits of the lowest; -1 if a score is below 0, -0, infinite or NaN. */
    static int gone(float[] scores, int from, int pruned) {
      int a = Float.floatToRawIntBits(scores[from]);
      int b = Float.floatToRawIntBits(scores[from + 1]);
      int c = Float.floatToRawIntBits(scores[from + 2]);
      int d = Float.floatToRawIntBits(scores[from + 3]);
      if (Math.max(Math.max(a, b), Math.max(c, d)) >= INFINITE || (a | b | c | d) < 0) {
        return -1;
      }
      // a later one goes first only if it is less; differences of such bits do not overflow
      int less =
          ((b - a) >>> 31)
              | ((c - a) >>> 31 << 1)
              | ((d - a) >>> 31 << 2)
              | ((c - b) >>> 31 << 3)
              | ((d - b) >>> 31 << 4)
              | ((d - c) >>> 31 << 5);
      return GONE[pruned][less];
    }

    private static byte gone(int less, int pruned) {
      int[] rank = new int[4];
      int bit = 0;
      for (int i = 0; i < 4; i++) {
        for (int j = i + 1; j < 4; j++) {
          rank[(less >> bit & 1) == 1 ? i : j]++; // the other one goes before it
          bit++;
        }
      }
      int gone = 0;
      for (int i = 0; i < 4; i++) {
        gone |= rank[i] < pruned ? 1 << i : 0;
      }
      return (byte) gone;
    }
  }

  /** Clears the bits of the lowest scores of one group, of equal ones the lower index first. */
  private static void prune(
      float[] scores, int from, int stride, int group, int pruned, long[] words) {
    float low = Float.NEGATIVE_INFINITY; // everything before (low, at) is pruned already
    int at = -1;
    for (int k = 0; k < pruned || (k == pruned && low == Float.NEGATIVE_INFINITY); k++) {
      float least = Float.POSITIVE_INFINITY;
      int next = -1;
      for (int j = 0, i = from; j < group; j++, i += stride) {
        float score = scores[i];
        if (!(score < Float.POSITIVE_INFINITY)) { // NaN too
          throw bad(scores, i);
        }
        if (score < least && (score > low || (score == low && i > at))) {
          least = score;
          next = i;
        }
      }
      if (k < pruned) {
        words[next >>> 6] &= ~(1L << next);
        low = least;
        at = next;
      } else if (next >= 0 && least == Float.NEGATIVE_INFINITY) {
        throw new IllegalArgumentException(
            "weight %d is already pruned, but only %d of its %d competitors are to be pruned"
                .formatted(next, pruned, group));
      }
    }
  }

  private static void checkRest(float[] scores, int from, int to) {
    for (int i = from; i < to; i++) {
      if (!(scores[i] < Float.POSITIVE_INFINITY)) {
        throw bad(scores, i);
      }
    }
  }

  private static IllegalArgumentException bad(float[] scores, int index) {
    return new IllegalArgumentException(
        "score at index %d is %s, allowed: finite numbers, or -Infinity for already pruned"
            .formatted(index, scores[index]));
  }
}

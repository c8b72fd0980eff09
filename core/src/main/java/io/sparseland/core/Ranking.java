// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.BitSet;
import java.util.List;

/** Exact selection by (score, index) without sorting. */
public final class Ranking {

  private static final int DIGIT = 11; // three passes over 32 bits
  private static final int MASK = (1 << DIGIT) - 1;
  private static final int PASSES = 3;

  private Ranking() {}

  /**
   * The {@code count} lowest scores among some indices; of equal scores the lower index first.
   *
   * @param among indices to choose from
   * @throws IllegalArgumentException if there are fewer, or for a score among them that is NaN,
   *     naming its index
   */
  public static BitSet lowest(float[] scores, BitSet among, long count) {
    return extreme(scores, among, count, 1);
  }

  /** The {@code count} highest scores among some indices; of equal scores the lower index first. */
  public static BitSet highest(float[] scores, BitSet among, long count) {
    return extreme(scores, among, count, -1);
  }

  /**
   * Bits of all but the {@code count} lowest scores, of equal ones the lower index first.
   *
   * @param scores finite, or minus infinity for those that must be among the lowest
   */
  static long[] keptWords(float[] scores, long count) {
    Check.that(
        count >= 0 && count <= scores.length,
        "%d units of %d to prune with pattern unstructured, allowed: 0 to %d",
        count,
        scores.length,
        scores.length);
    int gone = 0;
    for (int i = 0; i < scores.length; i++) {
      if (!(scores[i] < Float.POSITIVE_INFINITY)) { // NaN too
        throw new IllegalArgumentException(
            "score at index %d is %s, allowed: finite numbers, or -Infinity for already pruned"
                .formatted(i, scores[i]));
      }
      gone += scores[i] == Float.NEGATIVE_INFINITY ? 1 : 0;
    }
    if (gone > count) {
      throw alreadyPruned(scores, count);
    }
    long[] words = new long[(scores.length + Long.SIZE - 1) / Long.SIZE];
    int key = Integer.MIN_VALUE; // what every score's key is above, shifted to signed
    long ties = 0;
    if (count > 0) {
      Threshold threshold = threshold(List.of(scores), count);
      key = threshold.key() ^ Integer.MIN_VALUE;
      ties = threshold.ties();
    }
    for (int w = 0, from = 0; w < words.length; w++, from += Long.SIZE) {
      long kept = 0;
      long equal = 0;
      for (int i = Math.min(scores.length, from + Long.SIZE) - 1; i >= from; i--) {
        int own = key(scores[i]) ^ Integer.MIN_VALUE;
        kept = kept << 1 | (own > key ? 1 : 0);
        equal = equal << 1 | (own == key ? 1 : 0);
      }
      if (count == 0) {
        kept |= equal;
      } else if (equal != 0) {
        while (equal != 0 && ties > 0) {
          equal &= equal - 1;
          ties--;
        }
        kept |= equal;
      }
      words[w] = kept;
    }
    return words;
  }

  private static IllegalArgumentException alreadyPruned(float[] scores, long count) {
    int last = 0;
    long seen = 0;
    for (int i = 0; seen <= count; i++) {
      if (scores[i] == Float.NEGATIVE_INFINITY) {
        last = i;
        seen++;
      }
    }
    return new IllegalArgumentException(
        "unit %d is already pruned, but only %d of its %d competitors are to be pruned"
            .formatted(last, count, scores.length));
  }

  private static BitSet extreme(float[] scores, BitSet among, long count, int sign) {
    int candidates = among.cardinality();
    Check.that(
        count >= 0 && count <= candidates && among.length() <= scores.length,
        "%d of %d candidates up to index %d to choose by %d scores",
        count,
        candidates,
        among.length() - 1,
        scores.length);
    BitSet chosen = new BitSet(scores.length);
    if (count == 0) {
      return chosen;
    }
    float[] values = new float[candidates]; // the lowest of these are chosen
    int[] indices = new int[candidates];
    int at = 0;
    for (int i = among.nextSetBit(0); i >= 0; i = among.nextSetBit(i + 1)) {
      if (Float.isNaN(scores[i])) {
        throw new IllegalArgumentException("score at index " + i + " is NaN, allowed: numbers");
      }
      indices[at] = i;
      values[at++] = sign * scores[i];
    }
    Threshold threshold = threshold(List.of(values), count);
    long ties = threshold.ties();
    for (int c = 0; c < candidates; c++) {
      int order = Integer.compareUnsigned(key(values[c]), threshold.key());
      if (order < 0 || (order == 0 && ties-- > 0)) {
        chosen.set(indices[c]);
      }
    }
    return chosen;
  }

  /** Unsigned, in the order of the floats; both zeros have the same. */
  private static int key(float score) {
    int bits = Float.floatToRawIntBits(score == 0 ? 0f : score);
    return bits < 0 ? ~bits : bits | Integer.MIN_VALUE;
  }

  /** A key and how many of the keys equal to it are chosen. */
  private record Threshold(int key, long ties) {}

  /**
   * The count-th lowest key of all scores together, found digit by digit from the highest: three
   * passes, and nothing is copied.
   *
   * @param scores no NaN
   * @param count 1 to the number of scores
   */
  private static Threshold threshold(List<float[]> scores, long count) {
    int high = Integer.SIZE; // bits above are those of the threshold
    int threshold = 0;
    long left = count; // how many of those that agree so far are chosen
    while (high > 0) {
      int low = Math.max(0, high - DIGIT);
      long[] counts = new long[1 << (high - low)];
      for (float[] layer : scores) {
        for (float score : layer) {
          int key = key(score);
          if (high == Integer.SIZE || key >>> high == threshold >>> high) {
            counts[(key >>> low) & (counts.length - 1)]++;
          }
        }
      }
      int digit = 0;
      while (counts[digit] < left) {
        left -= counts[digit++];
      }
      threshold |= digit << low;
      high = low;
    }
    return new Threshold(threshold, left);
  }

  /**
   * The {@code count} lowest of {@code scores[from, from + length)}; among equal scores the lower
   * index comes first. Expected time is linear.
   *
   * @param lowest receives the chosen indices
   * @param scratch at least {@code length} long, overwritten
   */
  static void lowest(
      double[] scores, int from, int length, long count, BitSet lowest, double[] scratch) {
    if (count == 0) {
      return;
    }
    if (count == length) {
      lowest.set(from, from + length);
      return;
    }
    System.arraycopy(scores, from, scratch, 0, length);
    double threshold = kth(scratch, length, Math.toIntExact(count - 1));
    long left = count;
    for (int i = from; i < from + length; i++) {
      if (scores[i] < threshold) {
        lowest.set(i);
        left--;
      }
    }
    for (int i = from; left > 0; i++) {
      if (scores[i] == threshold) {
        lowest.set(i);
        left--;
      }
    }
  }

  /**
   * How many of each array stay when the {@code count} lowest of all together go; equal scores: the
   * earlier array first.
   *
   * @param scores no NaN
   */
  static long[] keptOfEach(List<float[]> scores, long count) {
    if (count == 0) {
      return scores.stream().mapToLong(layer -> layer.length).toArray();
    }
    Threshold threshold = threshold(scores, count);
    long left = threshold.ties();
    long[] kept = new long[scores.size()];
    for (int l = 0; l < kept.length; l++) {
      long below = 0;
      long equal = 0;
      for (float score : scores.get(l)) {
        int order = Integer.compareUnsigned(key(score), threshold.key());
        below += order < 0 ? 1 : 0;
        equal += order == 0 ? 1 : 0;
      }
      long gone = below + Math.min(equal, left);
      left -= Math.min(equal, left);
      kept[l] = scores.get(l).length - gone;
    }
    return kept;
  }

  /** Sorts ascending, by digits of {@value #DIGIT} bits; -0 counts as 0, NaN is not allowed. */
  static void sort(float[] values) {
    int[] keys = new int[values.length];
    int[][] counts = new int[PASSES][1 << DIGIT];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = key(values[i]);
      for (int pass = 0; pass < PASSES; pass++) {
        counts[pass][(keys[i] >>> (pass * DIGIT)) & MASK]++;
      }
    }
    int[] other = new int[keys.length];
    for (int pass = 0; pass < PASSES; pass++) {
      int[] places = counts[pass];
      int sum = 0;
      for (int digit = 0; digit < places.length; digit++) {
        int count = places[digit];
        places[digit] = sum;
        sum += count;
      }
      for (int key : keys) {
        other[places[(key >>> (pass * DIGIT)) & MASK]++] = key;
      }
      int[] swap = keys;
      keys = other;
      other = swap;
    }
    for (int i = 0; i < keys.length; i++) {
      int bits = keys[i] ^ ((~keys[i] >> (Integer.SIZE - 1)) | Integer.MIN_VALUE);
      values[i] = Float.intBitsToFloat(bits);
    }
  }

  /** The k-th smallest (from 0) of the first {@code length} values, by quickselect in place. */
  static double kth(double[] values, int length, int k) {
    int low = 0;
    int high = length - 1;
    long pivots = 0;
    while (low < high) {
      long random = CounterRandom.mix(length + 31L * ++pivots);
      double pivot = values[low + (int) Long.remainderUnsigned(random, high - low + 1L)];
      int less = low;
      int more = high;
      for (int i = low; i <= more; ) { // three ways: many equal scores stay linear
        double value = values[i];
        if (value < pivot) {
          values[i++] = values[less];
          values[less++] = value;
        } else if (value > pivot) {
          values[i] = values[more];
          values[more--] = value;
        } else {
          i++;
        }
      }
      if (k < less) {
        high = less - 1;
      } else if (k > more) {
        low = more + 1;
      } else {
        return pivot;
      }
    }
    return values[k];
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.BitSet;

/** What all patterns do alike: sum scores over units, select, verify. */
final class PatternUnits {

  private PatternUnits() {}

  /** See {@link Pattern#select}. */
  static Mask select(
      Pattern pattern, float[] scores, Geometry geometry, long pruneUnits, Scope within) {
    pattern.check(geometry);
    Check.that(
        scores.length == geometry.size(),
        "%d scores for %d weights",
        scores.length,
        geometry.size());
    int length = pattern.groupUnits(geometry, within);
    Check.that(
        pruneUnits >= 0 && pruneUnits <= pattern.mostPruned(length),
        "%d units of %d to prune with pattern %s, allowed: 0 to %d",
        pruneUnits,
        length,
        pattern.text(),
        pattern.mostPruned(length));
    int units = pattern.units(geometry);
    double[] sums = new double[units];
    for (int i = 0; i < scores.length; i++) {
      float score = scores[i];
      if (!(score < Float.POSITIVE_INFINITY)) { // NaN too
        throw new IllegalArgumentException(
            "score at index %d is %s, allowed: finite numbers, or -Infinity for already pruned"
                .formatted(i, score));
      }
      int unit = pattern.unitOf(geometry, i);
      if (unit >= 0) {
        sums[unit] += score;
      }
    }
    BitSet pruned = new BitSet(units);
    double[] scratch = new double[length];
    for (int from = 0; from < units; from += length) {
      Ranking.lowest(sums, from, length, pruneUnits, pruned, scratch);
      checkNoneReturns(sums, from, length, pruned);
    }
    BitSet keep = new BitSet(geometry.size());
    for (int i = 0; i < scores.length; i++) {
      int unit = pattern.unitOf(geometry, i);
      keep.set(i, unit < 0 || !pruned.get(unit));
    }
    return Mask.of(geometry, pattern.whenPruned(pruneUnits), keep);
  }

  /** Checks that every unit is kept or pruned as a whole. */
  static void verifyAllOrNone(Pattern pattern, Mask mask) {
    Geometry geometry = mask.geometry();
    pattern.check(geometry);
    int[] members = new int[pattern.units(geometry)];
    int[] kept = new int[members.length];
    for (int i = 0; i < geometry.size(); i++) {
      int unit = pattern.unitOf(geometry, i);
      if (unit >= 0) {
        members[unit]++;
        kept[unit] += mask.get(i) ? 1 : 0;
      }
    }
    for (int unit = 0; unit < members.length; unit++) {
      if (kept[unit] != 0 && kept[unit] != members[unit]) {
        throw new IllegalArgumentException(
            "unit %d of pattern %s keeps %d of its %d weights, allowed: all or none"
                .formatted(unit, pattern.text(), kept[unit], members[unit]));
      }
    }
  }

  /** Checks that every group keeps as many as promised, and the left over weights stay. */
  static void verifyGroups(Pattern.NM pattern, Mask mask) {
    Geometry geometry = mask.geometry();
    pattern.check(geometry);
    int[] kept = new int[pattern.units(geometry) / pattern.group()];
    for (int i = 0; i < geometry.size(); i++) {
      int unit = pattern.unitOf(geometry, i);
      if (unit >= 0) {
        kept[unit / pattern.group()] += mask.get(i) ? 1 : 0;
      } else if (!mask.get(i)) {
        throw new IllegalArgumentException(
            "weight %d is left over by %s, yet pruned".formatted(i, pattern.text()));
      }
    }
    for (int count : kept) {
      if (count != pattern.keep()) {
        throw new IllegalArgumentException(
            "a group keeps %d weights, pattern %s wants %d"
                .formatted(count, pattern.text(), pattern.keep()));
      }
    }
  }

  private static void checkNoneReturns(double[] sums, int from, int length, BitSet pruned) {
    for (int unit = from; unit < from + length; unit++) {
      if (sums[unit] == Double.NEGATIVE_INFINITY && !pruned.get(unit)) {
        throw new IllegalArgumentException(
            "unit %d is already pruned, but only %d of its %d competitors are to be pruned"
                .formatted(unit, pruned.get(from, from + length).cardinality(), length));
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import java.util.Arrays;

/** Median and spread of a handful of times. */
record Quartiles(double median, double spread) {

  static Quartiles of(double[] times) {
    double[] sorted = times.clone();
    Arrays.sort(sorted);
    return new Quartiles(at(sorted, 0.5), at(sorted, 0.75) - at(sorted, 0.25));
  }

  private static double at(double[] sorted, double fraction) {
    double position = fraction * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.inference.TTest;
import org.jspecify.annotations.Nullable;

/**
 * Runs that differ in their seed only, taken together.
 *
 * @param settings path to label, without the seed
 * @param line of the chart
 * @param sparsity reached, mean
 * @param runs that ended
 * @param mean of the quality figure
 * @param deviation standard deviation of the sample; null for one run
 * @param difference mean over common seeds of this minus the baseline; null for the baseline
 * @param p two-sided, of the paired t-test; null where it cannot be computed
 */
record Summary(
    Map<String, String> settings,
    String line,
    double sparsity,
    int runs,
    double mean,
    @Nullable Double deviation,
    @Nullable Double difference,
    @Nullable Double p) {

  private static final String SEED = "seed";
  private static final String SPARSITY = "sparsity";

  private record Group(Map<String, String> settings, String line, List<Row> rows) {

    double mean(String figure) {
      return rows.stream().mapToDouble(row -> number(row, figure)).average().orElse(Double.NaN);
    }

    /** Figure by seed. */
    Map<String, Double> bySeed(String figure) {
      Map<String, Double> all = new TreeMap<>();
      rows.forEach(row -> all.put(row.settings().getOrDefault(SEED, ""), number(row, figure)));
      return all;
    }
  }

  /**
   * One summary for each combination of settings but the seed; empty if there is no seed axis.
   *
   * @param baseline line of the chart to compare with, or null; of several groups of that line the
   *     one of nearest sparsity
   */
  static List<Summary> of(List<Row> rows, @Nullable String baseline) {
    Optional<String> quality = Quality.of(rows);
    if (quality.isEmpty() || rows.stream().noneMatch(row -> row.settings().containsKey(SEED))) {
      return List.of();
    }
    List<Group> groups = groups(rows);
    return groups.stream().map(group -> of(group, groups, quality.get(), baseline)).toList();
  }

  private static List<Group> groups(List<Row> rows) {
    Map<Map<String, String>, Group> groups = new LinkedHashMap<>();
    for (Row row : rows) {
      if (row.error().isEmpty()) {
        Map<String, String> settings = new LinkedHashMap<>(row.settings());
        settings.remove(SEED);
        groups
            .computeIfAbsent(settings, s -> new Group(s, row.line(), new ArrayList<>()))
            .rows
            .add(row);
      }
    }
    return List.copyOf(groups.values());
  }

  private static Summary of(
      Group group, List<Group> all, String quality, @Nullable String baseline) {
    double[] values = group.rows.stream().mapToDouble(row -> number(row, quality)).toArray();
    double[] pair = {Double.NaN, Double.NaN};
    all.stream()
        .filter(other -> other.line.equals(baseline))
        .min(
            java.util.Comparator.comparingDouble(
                other -> Math.abs(other.mean(SPARSITY) - group.mean(SPARSITY))))
        .filter(base -> !base.settings.equals(group.settings))
        .ifPresent(base -> compare(group.bySeed(quality), base.bySeed(quality), pair));
    return new Summary(
        group.settings,
        group.line,
        group.mean(SPARSITY),
        values.length,
        StatUtils.mean(values),
        values.length < 2 ? null : Math.sqrt(StatUtils.variance(values)),
        Double.isNaN(pair[0]) ? null : pair[0],
        Double.isNaN(pair[1]) ? null : pair[1]);
  }

  /** Difference and p over the common seeds. */
  private static void compare(Map<String, Double> own, Map<String, Double> base, double[] pair) {
    List<String> seeds = own.keySet().stream().filter(base::containsKey).toList();
    double[] a = seeds.stream().mapToDouble(own::get).toArray();
    double[] b = seeds.stream().mapToDouble(base::get).toArray();
    if (a.length > 0) {
      pair[0] = StatUtils.meanDifference(a, b);
    }
    if (a.length > 1 && StatUtils.varianceDifference(a, b, pair[0]) > 0) {
      pair[1] = new TTest().pairedTTest(a, b);
    }
  }

  private static double number(Row row, String figure) {
    return row.figure(figure).map(Number::doubleValue).orElse(Double.NaN);
  }
}

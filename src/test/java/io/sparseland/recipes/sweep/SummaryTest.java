// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SummaryTest {

  @Test
  void means_deviations_and_the_paired_test_are_those_of_the_textbook() {
    List<Row> rows = new ArrayList<>();
    double[] rigl = {0.91, 0.93, 0.92, 0.95, 0.94};
    double[] fixed = {0.90, 0.90, 0.91, 0.92, 0.92};
    for (int i = 0; i < 5; i++) {
      rows.add(row("rigl", 0.98, i, rigl[i]));
    }
    for (int i = 4; i >= 0; i--) { // pairs are made by seed, not by place
      rows.add(row("static", 0.98, i, fixed[i]));
    }

    List<Summary> all = Summary.of(rows, "static");

    assertThat(all).extracting(Summary::runs).containsExactly(5, 5);
    assertThat(all.get(0).mean()).isCloseTo(0.93, within(1e-12));
    assertThat(requireNonNull(all.get(0).deviation())).isCloseTo(Math.sqrt(2.5e-4), within(1e-12));
    assertThat(requireNonNull(all.get(0).difference())).isCloseTo(0.02, within(1e-12));
    // differences .01 .03 .01 .03 .02: t = .02 / (.01 / sqrt 5) = 4.472136 with 4 degrees of
    // freedom
    assertThat(requireNonNull(all.get(0).p())).isCloseTo(0.011058, within(5e-6));
    assertThat(all.get(1).difference()).isNull();
    assertThat(all.get(1).p()).isNull();
  }

  @Test
  void of_several_rows_of_a_line_the_one_of_nearest_sparsity_is_the_baseline() {
    List<Row> rows =
        List.of(
            row("static", 0.9, 1, 0.5),
            row("static", 0.98, 1, 0.3),
            row("rigl", 0.9, 1, 0.6),
            row("rigl", 0.97, 1, 0.6));

    List<Summary> all = Summary.of(rows, "static");

    assertThat(requireNonNull(all.get(2).difference())).isCloseTo(0.1, within(1e-12));
    assertThat(requireNonNull(all.get(3).difference())).isCloseTo(0.3, within(1e-12));
    assertThat(all.get(3).deviation()).isNull();
    assertThat(all.get(3).p()).isNull(); // one pair
  }

  @Test
  void equal_differences_have_no_p_and_failed_runs_do_not_count() {
    List<Row> rows =
        List.of(
            row("a", 0.9, 1, 0.5),
            row("a", 0.9, 2, 0.6),
            row("b", 0.9, 1, 0.25),
            row("b", 0.9, 2, 0.35),
            new Row("run", Map.of("m", "b 0.9", "seed", "3"), "b", Map.of(), 3, "NaN"));

    List<Summary> all = Summary.of(rows, "a");

    assertThat(all.get(1).runs()).isEqualTo(2);
    assertThat(all.get(1).p()).isNull();
    SweepTable table = new SweepTable("sparseland sweep", "1", "cpu", rows, all);
    assertThat(table.markdown())
        .contains("| m | runs | sparsity | accuracy | sd | difference | paired t-test p |")
        .contains("| b 0.9 | 2 | 0.9000 | 0.3000 | 0.0707 | -0.2500 |  |");
  }

  @Test
  void without_seeds_there_is_nothing_to_sum_up() {
    Row row =
        new Row("run", Map.of("m", "a"), "a", Map.of("accuracy", 0.5, "sparsity", 0.9), 0, "");

    assertThat(Summary.of(List.of(row), "a")).isEmpty();
  }

  private static Row row(String line, double sparsity, int seed, double accuracy) {
    return new Row(
        "run",
        Map.of("m", line + " " + sparsity, "seed", Integer.toString(seed)),
        line,
        Map.of("accuracy", accuracy, "sparsity", sparsity),
        0,
        "");
  }
}

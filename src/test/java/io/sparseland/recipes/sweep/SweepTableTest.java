// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepTableTest {

  private static final String KINDS =
      "steps.0.prune=[{wanda: {sparsity: 0.5}}, {wanda: {pattern: \"2:4\"}}, magnitude]";

  @Test
  void the_last_axis_runs_fastest_and_numbers_are_points_of_one_line() throws IOException {
    List<Cell> cells = Cell.of(List.of(Axis.parse(KINDS), Axis.parse("seed=[1, 2]")));

    assertThat(cells).extracting(Cell::number).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(cells)
        .extracting(Cell::text)
        .startsWith("wanda sparsity=0.5, 1", "wanda sparsity=0.5, 2", "wanda pattern=2:4, 1");
    assertThat(cells)
        .extracting(Cell::line)
        .containsExactly(
            "wanda", "wanda", "wanda pattern=2:4", "wanda pattern=2:4", "magnitude", "magnitude");
    assertThat(cells.get(0).sets())
        .containsExactly("steps.0.prune={\"wanda\":{\"sparsity\":0.5}}", "seed=1");
  }

  @Test
  void values_may_come_from_a_file(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("grid.yaml");
    Files.writeString(file, "# kinds\n- {wanda: {sparsity: 0.5}}\n- magnitude\n");

    Axis axis = Axis.parse("steps.0.prune=@" + file);

    assertThat(axis.values())
        .extracting(Axis::label)
        .containsExactly("wanda sparsity=0.5", "magnitude");
    assertThat(axis.set(axis.values().get(0)))
        .isEqualTo("steps.0.prune={\"wanda\":{\"sparsity\":0.5}}");
    Files.writeString(file, "wanda: {sparsity: 0.5}\n");
    assertThatThrownBy(() -> Axis.parse("steps.0.prune=@" + file))
        .hasMessageContaining("needs a list of values");
  }

  @Test
  void seeds_at_one_sparsity_are_averaged() {
    Map<String, SortedMap<Long, Double>> lines =
        SweepChart.lines(
            List.of(
                row("a", Map.of("sparsity", 0.5001, "accuracy", 0.9), ""),
                row("a", Map.of("sparsity", 0.4999, "accuracy", 0.8), ""),
                row("b", Map.of("sparsity", 0.9, "accuracy", 0.1), "")),
            "accuracy");

    assertThat(lines)
        .hasEntrySatisfying(
            "a",
            points -> {
              assertThat(points).containsOnlyKeys(500L);
              assertThat(points.values())
                  .allSatisfy(v -> assertThat(v).isCloseTo(0.85, Assertions.within(1e-12)));
            })
        .hasEntrySatisfying("b", points -> assertThat(points).containsEntry(900L, 0.1));
  }

  @Test
  void quality_is_the_first_figure_that_every_run_that_ended_has() {
    Row language = row("a", Map.of("accuracy", 0.1, "perplexity", 44.0), "");
    Row images = row("a", Map.of("accuracy", 0.9), "");

    assertThat(Quality.of(List.of(language))).contains("perplexity");
    assertThat(Quality.of(List.of(language, images))).contains("accuracy");
    assertThat(Quality.of(List.of(language, row("a", Map.of(), "no such file"))))
        .contains("perplexity");
    assertThat(Quality.of(List.of(row("a", Map.of(), "no such file")))).isEmpty();
  }

  @Test
  void text_with_commas_bars_and_quotes_stays_one_cell() {
    SweepTable table =
        new SweepTable(
            "sparseland sweep",
            "1",
            "cpu",
            List.of(row("a", Map.of("x", 1), "says \"a, b\" | c")),
            List.of());

    assertThat(table.csv()).contains(",\"says \"\"a, b\"\" | c\",");
    assertThat(table.markdown()).contains("says \"a, b\" \\| c");
  }

  private static Row row(String line, Map<String, Number> figures, String error) {
    return new Row("run", Map.of("k", line), line, figures, error.isEmpty() ? 0 : 3, error);
  }
}

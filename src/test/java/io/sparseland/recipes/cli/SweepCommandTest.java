// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.data.IdxSamples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepCommandTest {

  private static final String SPARSITIES = "steps.0.train.sparsity.0.rigl.sparsity=[0.5, 0.75]";

  @TempDir Path folder;
  private Path recipe;
  private Path out;

  @BeforeEach
  void write() throws IOException {
    IdxSamples.write(folder, "train", 400, 1);
    recipe = Cli.recipe(folder);
    out = folder.resolve("grid");
  }

  @Test
  void a_grid_makes_a_table_and_a_chart_and_goes_on_where_it_was() throws IOException {
    Cli first = sweep("--over", SPARSITIES, "--set", "steps.0.train.epochs=2", "--jobs", "2");

    JsonNode rows = table();
    assertThat(rows).as(first.err()).hasSize(2);
    // 36*24 + 24*6 = 1008 weights.
    assertThat(rows.path(0).path("figures").path("sparsity").asDouble()).isEqualTo(0.5);
    assertThat(rows.path(1).path("figures").path("sparsity").asDouble()).isEqualTo(0.75);
    List<String> csv = Files.readAllLines(out.resolve("table.csv"));
    assertThat(csv).hasSize(3);
    assertThat(csv.get(0)).startsWith("steps.0.train.sparsity.0.rigl.sparsity,accuracy,");
    assertThat(csv.get(2)).startsWith("0.75,");
    assertThat(Files.readString(out.resolve("table.md"))).isEqualTo(first.out());
    assertThat(out.resolve("chart.png")).isNotEmptyFile();

    FileTime kept = Files.getLastModifiedTime(out.resolve("run-001/report.json"));
    Files.move(out.resolve("run-002"), folder.resolve("moved"));
    Cli again = sweep("--over", SPARSITIES, "--set", "steps.0.train.epochs=2");
    assertThat(again.err()).contains("sweep of 2 runs, 1 of them there already");
    assertThat(again.code()).isEqualTo(first.code());
    assertThat(Files.getLastModifiedTime(out.resolve("run-001/report.json"))).isEqualTo(kept);
    assertThat(table().path(1).path("figures").path("accuracy"))
        .isEqualTo(rows.path(1).path("figures").path("accuracy"));

    Cli changed = sweep("--over", SPARSITIES.replace(", 0.75", ""));
    assertThat(changed.err()).contains("sweep of 1 runs, 0 of them there already");
  }

  @Test
  void a_run_that_fails_is_a_row_with_its_message() throws IOException {
    Cli run =
        sweep(
            "--over",
            "data.idx.images=[train-images, no-such-file]",
            "--set",
            "steps=[evaluate]",
            "--set",
            "expect={accuracy: \">= 0\"}");

    assertThat(run.code()).isEqualTo(Failure.USAGE); // the first run prunes nothing
    assertThat(table().path(0).path("error").asText()).contains("nothing is pruned by this recipe");
    assertThat(table().path(1).path("exit").asInt()).isEqualTo(Failure.BAD_INPUT);
    assertThat(table().path(1).path("error").asText()).contains("no-such-file");
  }

  @Test
  void what_is_wrong_with_an_axis_is_said_before_anything_runs() {
    assertThat(sweep("--over", "seed=3").err())
        .contains("--over seed=3: needs a list of values, found the number 3");
    assertThat(sweep("--over", "steps.0.train.epoch=[1, 2]").err()).contains("epochs");
    assertThat(sweep().err()).contains("a sweep needs --over");
    assertThat(sweep("--over", "seed=[1]", "--jobs", "0").code()).isEqualTo(Failure.USAGE);
    assertThat(out).doesNotExist();
  }

  private Cli sweep(String... arguments) {
    List<String> all =
        new java.util.ArrayList<>(
            List.of("sweep", recipe.toString(), "--data", folder.toString(), "--out", "" + out));
    all.addAll(List.of(arguments));
    return Cli.run(all.toArray(String[]::new));
  }

  private JsonNode table() throws IOException {
    return new ObjectMapper().readTree(out.resolve("table.json").toFile()).path("rows");
  }
}

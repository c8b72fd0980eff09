// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparseland.recipes.data.IdxSamples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every one-shot method through a recipe. */
class PruneStepTest {

  @TempDir Path folder;
  private Path recipe;

  @BeforeEach
  void write() throws IOException {
    IdxSamples.write(folder, "train", 400, 1);
    recipe =
        Files.writeString(
            folder.resolve("tiny.yaml"),
            """
            version: 1
            name: tiny
            data: {idx: {images: train-images, labels: train-labels, batch: 20}}
            model: {mlp: [36, 24, 12, 6]}
            steps:
              - train: {epochs: 2, optimizer: {sgd: {rate: 0.1, momentum: 0.9}}}
              - id: cut
                prune: {magnitude: {sparsity: 0.5}}
            """);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{random: {sparsity: 0.5}}",
        "{wanda: {sparsity: 0.5}}",
        "{wanda: {sparsity: 0.5, allocation: owl, scope: layer}}",
        "{magnitude: {sparsity: 0.5, allocation: lamp}}",
        "{magnitude: {sparsity: 0.5, allocation: {sensitivity: {samples: 40}}}}",
        "{sparsegpt: {sparsity: 0.5, allocation: sensitivity, budget: flops}}",
        "{sparsegpt: {sparsity: 0.5}}",
        "{sparsegpt: {pattern: '2:4'}, reconstruct: least_squares}",
        "{alps: {sparsity: 0.5}}",
        "{obc: {sparsity: 0.5}}",
        "{wanda: {sparsity: 0.5}, reconstruct: [{dsnot: {cycles: 2}}, least_squares]}",
        "{wanda: {sparsity: 0.5}, reconstruct: obs_update, calibrate: {order: dense}}",
        "{magnitude: {sparsity: 0.5}, reconstruct: bias}",
        "{flap: {sparsity: 0.5, pattern: channel}, reconstruct: bias}",
        "{flap: {sparsity: 0.5, pattern: unit}, reconstruct: bias, calibrate: {order: dense}}",
        "{wanda: {sparsity: 0.5, pattern: unit}}",
        "{magnitude: {sparsity: 0.5, pattern: unit, allocation: global}}",
        "{obert: {sparsity: 0.5}, calibrate: {samples: 200, batch: 5}, rounds: 2}",
        "{woodfisher: {sparsity: 0.5, scope: layer}, calibrate: {samples: 64}}",
        "{obert: {pattern: '2:4', joint: true}}",
        "{mfac: {sparsity: 0.5}, calibrate: {samples: 200, batch: 10}}",
        "{snip: {sparsity: 0.5}}",
        "{grasp: {sparsity: 0.5}}",
        "{synflow: {sparsity: 0.5}, rounds: 5, ramp: exponential}"
      })
  void prunes_exactly_half(String method) throws IOException {
    JsonNode report = run(method);

    // 36*24 + 24*12 = 1152 weights; the last layer is left out
    assertThat(report.path("sparsity").asDouble()).isEqualTo(0.5);
    assertThat(report.path("accuracy").isNumber()).isTrue();
  }

  @Test
  void layer_errors_are_reported_and_a_refit_lowers_them() throws IOException {
    JsonNode report = run("{sparsegpt: {sparsity: 0.7}, reconstruct: least_squares}");

    for (int layer = 0; layer < 2; layer++) {
      JsonNode row = report.path("layers").path(layer);
      assertThat(row.path("error_mask").asDouble()).isPositive();
      assertThat(row.path("error_after").asDouble())
          .isPositive()
          .isLessThan(row.path("error_mask").asDouble());
    }
    assertThat(report.path("layers").path(2).path("error_after").isNull()).isTrue();
  }

  @Test
  void settings_that_contradict_each_other_are_refused_before_any_work() {
    Cli run =
        Cli.run(
            "plan",
            recipe.toString(),
            "--set",
            "steps.cut.prune={wanda: {sparsity: 0.5}, calibrate: {order: dense, target: dense}}");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("target dense needs order sequential");
  }

  @Test
  void a_second_pruning_must_say_what_becomes_of_the_zeros() throws IOException {
    twice("{wanda: {sparsity: 0.75}}");

    Cli run = Cli.run("plan", recipe.toString());

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err())
        .contains("is sparse already")
        .contains("inherit, extend, fresh or freeze");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // half of both layers by magnitude before
        "{wanda: {sparsity: 0.75}, masks: extend} | 0.75",
        "{wanda: {sparsity: 0.25}, masks: fresh} | 0.25",
        "{wanda: {sparsity: 0.25}, masks: extend} | 0.5",
        "{magnitude: {sparsity: 0}, masks: inherit, reconstruct: least_squares} | 0.5",
        "{magnitude: {sparsity: 0.75, on: {names: [linear.*]}}, masks: freeze} | 0.5147"
      })
  void zeros_of_an_earlier_step_are_treated_as_said(String second, double sparsity)
      throws IOException {
    twice(second);

    // freeze: 1152 weights stay at one half, the last layer's 72 go to 54 pruned: 630 of 1224
    double expected = second.contains("freeze") ? 630 / 1224.0 : sparsity;
    assertThat(run().path("sparsity").asDouble()).isCloseTo(expected, within(1e-9));
  }

  @Test
  void what_is_inherited_cannot_be_pruned_further_nor_a_dense_layer_inherit() throws IOException {
    twice("{wanda: {sparsity: 0.75}, masks: inherit}");
    assertThat(Cli.run("check", recipe.toString()).err()).contains("prunes nothing more");

    twice("{wanda: {sparsity: 0, on: {names: [linear.*]}}, masks: inherit}");
    Cli run =
        Cli.run("run", recipe.toString(), "--quiet", "--out", folder.resolve("out").toString());
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("linear.2' has no mask to inherit");

    twice("{wanda: {sparsity: 0.5}, masks: freeze}");
    run = Cli.run("run", recipe.toString(), "--quiet", "--out", folder.resolve("out").toString());
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("every selected layer is sparse already");
  }

  private void twice(String second) throws IOException {
    Files.writeString(
        recipe,
        Files.readString(recipe).replaceAll("(?s)(\\n  - prune: [^\\n]*)?\\n*\\z", "")
            + "\n  - prune: "
            + second
            + "\n");
  }

  private JsonNode run() throws IOException {
    String out = folder.resolve("out").toString();
    Cli run = Cli.run("run", recipe.toString(), "--json", "--quiet", "--out", out);
    assertThat(run.code()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out());
  }

  private JsonNode run(String method) throws IOException {
    Cli run =
        Cli.run(
            "run",
            recipe.toString(),
            "--json",
            "--quiet",
            "--out",
            folder.resolve("out").toString(),
            "--set",
            "steps.cut.prune=" + method);
    assertThat(run.code()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out());
  }
}

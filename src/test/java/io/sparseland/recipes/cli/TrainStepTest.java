// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

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

/** Methods with views and phases, and the steps made of phases, through a recipe. */
class TrainStepTest {

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
              - train:
                  epochs: 4
                  optimizer: {sgd: {rate: 0.05, momentum: 0.9}}
                  sparsity: [{ste: {pattern: "2:4"}}]
            """);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{ste: {pattern: '2:4'}}",
        "{sr_ste: {pattern: '2:4', decay: 0.001}}",
        "{mdgf: {pattern: '2:4'}}",
        "{mdgf: {pattern: '2:4', decay: linear, flow: straight_through}}",
        "{sdgf: {pattern: '2:4'}}",
        "{sdgf: {pattern: '2:4', begin: 0 %, until: 90 %}}",
        "{bdwp: {pattern: '2:4'}}",
        "{iss_p: {sparsity: 0.5}}",
        "{wgsef: {sparsity: 0.5, pattern: row, lambda: 0.001}}",
        "{popup: {sparsity: 0.5}}",
        "{ac_dc: {sparsity: 0.5, begin: 1 epochs, every: 10 steps, until: 50 %, end: 75 %}}"
      })
  void every_method_ends_at_exactly_half(String method) throws IOException {
    JsonNode report = run("steps.0.train.sparsity=[" + method + "]");

    // 36*24 + 24*12 = 1152 weights; the last layer is left out
    assertThat(report.path("sparsity").asDouble()).isEqualTo(0.5);
    assertThat(report.path("accuracy").asDouble()).isGreaterThan(0.5);
  }

  @Test
  void ast_trains_with_adamw_and_says_so_otherwise() throws IOException {
    String ast = "steps.0.train.sparsity=[{ast: {pattern: '2:4', decay: 0.01, ramp: 1 epochs}}]";

    JsonNode report = run(ast, "steps.0.train.optimizer={adamw: {rate: 0.01}}");

    assertThat(report.path("sparsity").asDouble()).isEqualTo(0.5);
    assertThat(report.path("accuracy").asDouble()).isGreaterThan(0.5);
    Cli wrong = Cli.run("run", recipe.toString(), "--set", ast, "--out", out() + "2");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("this method changes AdamW's step, found Sgd, allowed: AdamW");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{sdgf: {pattern: '2:4', walk: geometric, frames: 2}}|'sdgf': layer 'linear.0': 36 input"
            + " channels are not divisible by the 8 of pattern 4:8",
        "{bdwp: {pattern: '1:9', on: {names: [linear.0]}}}|outputs of layer 'linear.0', the inputs"
            + " of the backward product: 24 input channels are not divisible by the 9",
        "{ste: {pattern: '1:5'}}|layer 'linear.0': 36 input channels are not divisible by the 5",
        "{sdgf: {pattern: '2:4', begin: 50 %, until: 20 %}}|0 <= begin < until",
        "{iss_p: {sparsity: 0.5, until: 0 %}}|1 <= every <= until",
        "{ste: {pattern: '2:4', every: 0 steps}}|every is 0 steps, allowed: 1 or more"
      })
  void what_does_not_fit_is_refused_before_anything_runs(String method, String message) {
    Cli wrong =
        Cli.run("plan", recipe.toString(), "--set", "steps.0.train.sparsity=[" + method + "]");

    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains(message);
  }

  @Test
  void a_retraining_learns_from_what_the_first_training_made() throws IOException {
    JsonNode report =
        run(
            "steps.0={iterate: {rounds: 1, prune: {magnitude: {sparsity: 0.5}},"
                + " train: {epochs: 4, optimizer: {sgd: {rate: 0.05, momentum: 0.9}}},"
                + " retrain: {epochs: 2, optimizer: {sgd: {rate: 0.05, momentum: 0.9}},"
                + " distill: {logits: {temperature: 2}}}}}");

    assertThat(report.path("sparsity").asDouble()).isEqualTo(0.5);
    assertThat(report.path("accuracy").asDouble()).isGreaterThan(0.5);
  }

  @Test
  void a_diverging_training_keeps_its_last_step() {
    Cli wrong =
        Cli.run(
            "run",
            recipe.toString(),
            "--out",
            out(),
            "--set",
            "steps.0.train.optimizer={sgd: {rate: 100000}}");

    assertThat(wrong.code()).as(wrong.err()).isEqualTo(3);
    assertThat(wrong.err())
        .contains("training stopped at step")
        .contains("out.stopped.safetensors");
    assertThat(folder.resolve("out.stopped.safetensors")).isNotEmptyFile();
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void the_sparsity_of_a_learned_threshold_comes_out_of_the_training() throws IOException {
    JsonNode report = run("steps.0.train.sparsity=[{str: {start: -4, decay: 0.5}}]");

    assertThat(report.path("sparsity").asDouble()).isBetween(0.01, 0.99);
  }

  @Test
  void a_missing_sparsity_is_a_mistake_at_its_method() {
    Cli wrong = Cli.run("check", recipe.toString(), "--set", "steps.0.train.sparsity=[{set: {}}]");

    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("'set': needs the key 'sparsity', or a pattern such as");
  }

  @ParameterizedTest
  @CsvSource({
    "kept, own",
    "rewound, own",
    "redrawn, own",
    "kept, rewound",
    "kept, last",
    "kept, linear",
    "kept, cosine",
    "kept, adaptive"
  })
  void rounds_of_pruning_and_retraining_reach_the_target(String weights, String rate)
      throws IOException {
    JsonNode report =
        run(
            "steps=[{iterate: {rounds: 2, train: {epochs: 2, rates: cosine, optimizer: {sgd: {rate:"
                + " 0.05, momentum: 0.9}}}, prune: {magnitude: {sparsity: 0.75, allocation:"
                + " global}}, weights: "
                + weights
                + ", rate: "
                + rate
                + "}}]");

    assertThat(report.path("sparsity").asDouble()).isEqualTo(0.75);
    assertThat(report.path("accuracy").asDouble()).isGreaterThan(0.3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"uniform", "greedy"})
  void a_soup_keeps_the_common_mask_exactly(String choose) throws IOException {
    JsonNode report =
        run(
            "steps=[{iterate: {rounds: 1, train: {epochs: 2, optimizer: {sgd: {rate: 0.05}}}, prune:"
                + " {magnitude: {sparsity: 0.75, allocation: global}}, soup: {members: 3, decays:"
                + " [0, 0.001], choose: "
                + choose
                + "}}}]");

    assertThat(report.path("sparsity").asDouble()).isEqualTo(0.75);
    assertThat(report.path("notes").toString()).contains("retrainings; their accuracies");
    assertThat(report.path("accuracy_member_mean").asDouble()).isPositive();
  }

  @Test
  void a_mask_that_is_dropped_leaves_a_dense_model() throws IOException {
    JsonNode report =
        run(
            "steps=[{train: {epochs: 2, optimizer: {sgd: {rate: 0.05}}, sparsity: [{static:"
                + " {sparsity: 0.75, allocation: uniform}}]}}, unmask, {train: {epochs: 1,"
                + " optimizer: {sgd: {rate: 0.05}}}}]");

    assertThat(report.path("sparsity").asDouble()).isZero();
    assertThat(report.path("layers").path(0).path("kept").asInt()).isEqualTo(36 * 24);
  }

  @Test
  void batches_in_pieces_clipping_and_rates_are_settings_of_a_train_step() throws IOException {
    JsonNode report =
        run(
            "steps.0.train.accumulate=3",
            "steps.0.train.clip={norm: 1}",
            "steps.0.train.rates={linear: {warm_up: 10 %}}");

    assertThat(report.path("accuracy").asDouble()).isGreaterThan(0.5);
  }

  private String out() {
    return folder.resolve("out").toString();
  }

  private JsonNode run(String... settings) throws IOException {
    String[] arguments = new String[5 + 2 * settings.length];
    arguments[0] = "run";
    arguments[1] = recipe.toString();
    arguments[2] = "--json";
    arguments[3] = "--out";
    arguments[4] = out();
    for (int i = 0; i < settings.length; i++) {
      arguments[5 + 2 * i] = "--set";
      arguments[6 + 2 * i] = settings[i];
    }
    Cli done = Cli.run(arguments);
    assertThat(done.code()).as(done.err()).isZero();
    return new ObjectMapper().readTree(done.out());
  }
}

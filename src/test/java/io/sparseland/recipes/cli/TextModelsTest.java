// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparseland.models.files.TinyStories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recipes of language models, on a model of random weights. */
class TextModelsTest {

  @TempDir Path folder;
  private Path recipe;

  @BeforeEach
  void write() throws IOException {
    TinyStories.write(folder);
    Files.writeString(folder.resolve("calibrate.txt"), "abab\n<end>\nbaa b\n<end>\naaaa\n<end>\n");
    Files.writeString(folder.resolve("test.txt"), "ababa b\n<end>\nab\n<end>\n");
    recipe =
        Files.writeString(
            folder.resolve("tiny.yaml"),
            """
            version: 1
            name: tiny
            data: {text: {calibration: calibrate.txt, test: test.txt, documents: <end>, window: 16}}
            model: {llama2c: {path: tiny.bin, tokenizer: tok.bin}}
            steps:
              - prune: {wanda: {sparsity: 0.5, on: {types: [linear]}}, calibrate: {samples: 3}}
              - export: {to: model}
            expect: {perplexity: "> 1", sparsity: ">= 0.5"}
            """);
  }

  @Test
  void a_language_model_is_pruned_scored_and_exported() throws IOException {
    Cli run = run("--json");

    assertThat(run.code()).as(run.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(run.out());
    double dense = json.path("perplexity_dense").asDouble();
    double pruned = json.path("perplexity").asDouble();
    assertThat(dense).isGreaterThan(1);
    assertThat(pruned).isNotEqualTo(dense);
    // The runtime adds up in another order than DJL.
    assertThat(json.path("perplexity_exported").asDouble()).isCloseTo(pruned, within(1e-3));
    assertThat(json.path("sparsity").asDouble()).isEqualTo(0.5);
    assertThat(json.path("data_digest").asText()).startsWith("sha256:");
    assertThat(json.path("peak_memory_bytes").asLong()).isGreaterThan(1 << 20);
    assertThat(json.has("accuracy")).isFalse();
  }

  @Test
  void windows_of_one_text_are_scored_too() {
    Cli run =
        run(
            "--json",
            "--set",
            "data={text: {calibration: calibrate.txt, test: test.txt, window: 4, windows: 2}}");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("\"perplexity_dense\"");
  }

  @Test
  void a_pruned_model_learns_from_the_dense_one() throws IOException {
    String distill = "distill: {logits: {temperature: 2}, hidden: {layers: [layer.*.query]}}";
    Cli run =
        run(
            "--json",
            "--set",
            "steps.1={train: {epochs: 12, batch: 1, optimizer: {adam: {rate: 0.003}}, "
                + distill
                + "}}");

    assertThat(run.code()).as(run.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(run.out());
    JsonNode curve = json.path("curve");
    assertThat(curve.size()).isEqualTo(36); // three documents
    assertThat(curve.get(35).path("loss").asDouble())
        .isLessThan(0.5 * curve.get(0).path("loss").asDouble());
    assertThat(json.path("sparsity").asDouble()).isEqualTo(0.5);
  }

  @Test
  void a_plan_reads_neither_weights_nor_text() throws IOException {
    Files.delete(folder.resolve("test.txt"));

    Cli plan = Cli.run("plan", recipe.toString());

    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out())
        .contains("layer.0.query", "layer.1.down", "wanda: sparsity 0.5")
        .contains("not pruned: embedding (is of type EMBEDDING");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          steps.1={train: {epochs: 1, distill: {cosine: 0}}} | 2 | needs logits, cosine or hidden
          steps.1={bench: {}}                 | 2 | 'bench' needs labelled examples
          expect={accuracy: ">= 0.5"}         | 2 | 'accuracy' can only be expected with data with labels
          model.llama2c.path=none.bin         | 3 | no such file: none.bin
          model.llama2c.pat=tiny.bin          | 2 | did you mean 'path'
          model={huggingfac: {path: x}}       | 2 | did you mean 'huggingface'
          data.text.window=3                  | 2 | document 2 of 'calibrate.txt' has 6 tokens
          data.text.test=none.txt             | 3 | none.txt
          model={lenet: {inputs: 16}}         | 2 | it has no tokenizer
          """)
  void what_cannot_work_is_said_before_anything_is_pruned(String set, int code, String message) {
    Cli run = run("--set", set);

    assertThat(run.code()).as(run.err()).isEqualTo(code);
    assertThat(run.err()).contains(message);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  private Cli run(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of("run", recipe.toString(), "--out", folder.resolve("out").toString()));
    args.addAll(Arrays.asList(more));
    return Cli.run(args.toArray(String[]::new));
  }
}

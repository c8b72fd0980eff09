// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparseland.recipes.data.IdxSamples;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {

  @TempDir Path folder;
  private Path recipe;
  private Path out;

  @BeforeEach
  void write() throws IOException {
    IdxSamples.write(folder, "train", 400, 1);
    recipe = Cli.recipe(folder);
    out = folder.resolve("runs").resolve("one");
  }

  @Test
  void a_run_writes_one_json_document_and_a_whole_run_directory() throws IOException {
    Cli run = run("--json", "--set", "steps.2={bench: {batches: [1, 3]}}");

    assertThat(run.code()).as(run.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(run.out());
    for (String key :
        List.of(
            "accuracy",
            "sparsity",
            "sparsity_model",
            "nonzeros",
            "bytes_dense",
            "bytes_sparse",
            "latency_dense_ms",
            "latency_sparse_ms",
            "speedup",
            "max_abs_error",
            "threads",
            "seed")) {
      assertThat(json.path(key).isNumber()).as(key).isTrue();
    }
    // 36*24 + 24*6 = 1008 weights, half of them pruned; 30 biases.
    assertThat(json.path("sparsity").asDouble()).isEqualTo(0.5);
    assertThat(json.path("nonzeros").asInt()).isEqualTo(504 + 30);
    assertThat(json.path("bytes_dense").asInt()).isEqualTo(4 * 1038);
    assertThat(json.path("accuracy_exported")).isEqualTo(json.path("accuracy"));
    assertThat(json.path("cpu").asText()).isNotEmpty();
    assertThat(json.path("model").asText()).isEqualTo(out.resolve("model").toString());
    assertThat(json.path("bench")).hasSize(2);
    assertThat(json.path("speedup").asDouble())
        .isEqualTo(
            Math.min(
                json.path("bench").path(0).path("speedup").asDouble(),
                json.path("bench").path(1).path("speedup").asDouble()));
    for (String file :
        List.of(
            "recipe.lock",
            "report.json",
            "report.html",
            "report.png",
            "run.log",
            "checkpoint.safetensors",
            "model/sparseland.json")) {
      assertThat(out.resolve(file)).isNotEmptyFile();
    }
    assertThat(Files.readString(out.resolve("report.html"))).contains("<svg", "accuracy");
    BufferedImage picture = ImageIO.read(out.resolve("report.png").toFile());
    assertThat(IntStream.range(0, picture.getWidth()).map(x -> picture.getRGB(x, 600)).distinct())
        .hasSizeGreaterThan(3); // background, grid, axis, bars
    assertThat(siblings()).containsExactly("one");
  }

  @Test
  void a_finished_run_is_inspected_exported_and_measured_again() {
    assertThat(run().code()).isZero();

    Cli inspect = Cli.run("inspect", out.resolve("model").toString(), "--json");
    Cli export =
        Cli.run(
            "export",
            out.toString(),
            "--to",
            folder.resolve("dense").toString(),
            "--layout=dense",
            "--data",
            folder.toString());
    Cli bench =
        Cli.run("bench", out.toString(), "--batches=2", "--json", "--data", folder.toString());

    assertThat(inspect.code()).as(inspect.err()).isZero();
    assertThat(inspect.out()).contains("\"sparsity\" : 0.5");
    assertThat(export.code()).as(export.err()).isZero();
    assertThat(folder.resolve("dense/weights.safetensors")).isNotEmptyFile();
    assertThat(bench.code()).as(bench.err()).isZero();
    assertThat(bench.out()).contains("\"batch\" : 2");
  }

  @Test
  void an_unmet_expectation_ends_with_4_and_says_which() {
    Cli run = run("--set", "expect.accuracy=\">= 1.1\"");

    assertThat(run.code()).isEqualTo(4);
    assertThat(run.err()).contains("error: expected accuracy >= 1.1, found ");
    assertThat(out.resolve("report.json")).isNotEmptyFile();
  }

  @Test
  void the_same_recipe_may_run_again_but_not_over_another() {
    assertThat(run().code()).isZero();

    assertThat(run().code()).isZero();
    Cli other = run("--set", "seed=5");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("another recipe", "--force");
    assertThat(run("--set", "seed=5", "--force").code()).isZero();
  }

  @Test
  void a_folder_of_something_else_is_left_alone() throws IOException {
    Files.createDirectories(out);
    Files.writeString(out.resolve("thesis.txt"), "mine");

    Cli run = run("--force");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("no run directory");
    assertThat(out.resolve("thesis.txt")).hasContent("mine");
  }

  @Test
  void an_output_below_a_file_ends_with_5_before_any_work() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");

    Cli run = Cli.run("run", recipe.toString(), "--out", file.resolve("run").toString());

    assertThat(run.code()).isEqualTo(5);
    assertThat(run.err()).contains("cannot write the run directory").doesNotContain("training");
  }

  @Test
  void nothing_pruned_is_an_error() {
    Cli run = run("--set", "steps.0.train.sparsity=[]", "--set", "expect={}");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("nothing is pruned by this recipe");
  }

  @Test
  void a_loss_that_is_no_number_ends_with_3_and_leaves_the_step_before_alone() {
    Cli run = run("--set", "steps.0.train.optimizer={sgd: {rate: 900000, weight_decay: 900000}}");

    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err()).contains("error: training stopped at step");
    assertThat(siblings()).containsExactly(out.getFileName() + ".stopped.safetensors");
  }

  @Test
  void bad_data_ends_with_3_and_leaves_nothing() throws IOException {
    Path labels = folder.resolve("train-labels");
    byte[] bytes = Files.readAllBytes(labels);
    Files.write(labels, java.util.Arrays.copyOf(bytes, bytes.length - 1));

    Cli truncated = run();
    Files.delete(labels);
    Cli missing = run();

    assertThat(truncated.code()).isEqualTo(3);
    assertThat(truncated.err()).contains("train-labels at byte 407: found the end of the data");
    assertThat(missing.code()).isEqualTo(3);
    assertThat(missing.err()).contains("no such file: train-labels in ");
    assertThat(siblings()).isEmpty();
  }

  @Test
  void a_label_that_the_model_has_no_output_for_ends_with_3() {
    Cli run = run("--set", "model.mlp=[36, 24, 4]");

    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err()).contains("label 5").contains("outputs 0 to 3");
  }

  @Test
  void an_interrupt_ends_with_130_and_leaves_nothing() {
    Interrupts interrupts = Interrupts.never();
    interrupts.request();
    java.io.ByteArrayOutputStream err = new java.io.ByteArrayOutputStream();

    int code =
        Main.run(
            new String[] {"run", recipe.toString(), "--out", out.toString()},
            System.out,
            new java.io.PrintStream(err),
            interrupts);

    assertThat(code).isEqualTo(130);
    assertThat(err.toString(java.nio.charset.StandardCharsets.UTF_8)).contains("interrupted");
    assertThat(siblings()).isEmpty();
  }

  @Test
  void a_corrupted_model_directory_ends_with_3() throws IOException {
    assertThat(run().code()).isZero();
    Path weights = out.resolve("model").resolve("weights.safetensors");
    try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
      file.seek(file.length() / 2);
      int before = file.read();
      file.seek(file.length() / 2);
      file.write(before ^ 0x10);
    }

    Cli flipped = Cli.run("inspect", out.resolve("model").toString());
    Files.writeString(out.resolve("model").resolve("sparseland.json"), "{\"version\": ");
    Cli truncated = Cli.run("inspect", out.resolve("model").toString());
    Cli missing = Cli.run("inspect", folder.resolve("nowhere").toString());

    assertThat(flipped.code()).isEqualTo(3);
    assertThat(flipped.err()).contains("weights.safetensors");
    assertThat(truncated.code()).isEqualTo(3);
    assertThat(missing.code()).isEqualTo(3);
  }

  @ParameterizedTest(name = "{index}: {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          steps.0.train.sparsity.0.rigl.sparsitty=0.5        | unknown key 'sparsitty' in 'rigl'
          model=lennet                                       | did you mean 'lenet'?
          model={class: com.acme.Net}                        | there is no class 'com.acme.Net'
          steps.0.train.sparsity.0.rigl.sparsity=1.5         | 'sparsity' needs a fraction from 0 to 1
          steps.0.train.sparsity.0.rigl.pattern="5:7"        | 36 input channels are not divisible by the 7
          steps.0.train.sparsity.0.rigl.on={names: [lin.0]}  | nearest: 'linear.0'
          steps.0.train.sparsity.0.rigl.until=150 %          | more than the whole training
          steps.2={bench: {}}                                | NOTHING
          steps.1={bench: {}}                                | 'bench' needs an 'export' step before it
          model.mlp=[30, 6]                                  | the model does not take examples of shape [1, 6, 6]
          expect.speedupp=">= 1"                             | did you mean 'speedup'?
          """)
  void mistakes_in_recipes_end_with_2(String override, String message) {
    Cli check = Cli.run("check", recipe.toString(), "--set", override);

    if (message.equals("NOTHING")) {
      assertThat(check.code()).as(check.err()).isZero();
    } else {
      assertThat(check.code()).isEqualTo(2);
      assertThat(check.err()).startsWith("error: ").contains(message);
    }
  }

  @Test
  void usage_mistakes_end_with_2_and_suggest() {
    assertThat(Cli.run("rnu").code()).isEqualTo(2);
    assertThat(Cli.run("run", "--jsno", recipe.toString()).code()).isEqualTo(2);
    assertThat(Cli.run("run", folder.resolve("no.yaml").toString()).code()).isEqualTo(2);
    assertThat(Cli.run("docter").err()).contains("Did you mean").contains("doctor");
  }

  @Test
  void doctor_completion_help_and_version_answer() {
    Cli doctor = Cli.run("doctor", "--json");

    assertThat(doctor.code()).isZero();
    assertThat(doctor.out()).contains("pytorch", "2.7.1", "kernels", "cache");
    assertThat(Cli.run("completion").out()).contains("complete");
    assertThat(Cli.run("--version").out()).startsWith("sparseland ");
    assertThat(Cli.run("help").out()).contains("run", "plan", "inspect");
  }

  @Test
  void every_command_explains_itself() {
    for (String command :
        List.of("run", "sweep", "plan", "check", "inspect", "export", "bench", "profile")) {
      Cli help = Cli.run(command, "--help");
      assertThat(help.code()).as(command).isZero();
      assertThat(help.out()).contains("Usage: sparseland " + command, "--json");
      assertThat(help.err()).isEmpty();
    }
    assertThat(Cli.run("--help").out()).contains("run", "plan", "--version");
  }

  private Cli run(String... more) {
    return Cli.run(
        Stream.concat(Stream.of("run", recipe.toString(), "--out", out.toString()), Stream.of(more))
            .toArray(String[]::new));
  }

  private List<String> siblings() {
    String[] names = folder.resolve("runs").toFile().list();
    return names == null ? List.of() : List.of(names);
  }
}

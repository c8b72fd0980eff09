// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.recipes.cli.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Published figures of real models, and those of their examples, reproduced by recipes. */
@Tag("models")
class RealEncodersTest {

  @TempDir Path folder;

  @Test
  void minilm_reaches_its_published_correlation_dense_pruned_and_exported() throws IOException {
    JsonNode report = run("minilm-wanda", "stsb");

    assertThat(report.path("spearman_dense").asDouble()).isCloseTo(0.8203, within(5e-5));
    assertThat(report.path("spearman").asDouble()).isGreaterThan(0.82);
    assertThat(report.path("sparsity").asDouble()).isEqualTo(0.5);
    assertThat(report.path("spearman_exported").asDouble())
        .isCloseTo(report.path("spearman").asDouble(), within(5e-5));
  }

  @Test
  void resnet20_reaches_its_published_accuracy_dense_and_pruned() throws IOException {
    JsonNode report = run("resnet20-oneshot", "cifar10-resnet");

    assertThat(report.path("accuracy_dense").asDouble()).isEqualTo(0.9165);
    assertThat(report.path("accuracy").asDouble()).isEqualTo(0.906);
  }

  @Test
  void resnet56_reaches_its_published_accuracy_dense_and_pruned() throws IOException {
    JsonNode report =
        run(
            "resnet20-oneshot",
            "cifar10-resnet",
            "model.resnet-cifar.path=cifar10-resnet/resnet56.safetensors");

    assertThat(report.path("accuracy_dense").asDouble()).isEqualTo(0.9295);
    assertThat(report.path("accuracy").asDouble()).isEqualTo(0.924);
  }

  @Test
  void resnet20_keeps_its_accuracy_without_retraining() throws IOException {
    assertThat(run("resnet20-refit-2of4", "cifar10-resnet").path("sparsity").asDouble())
        .isEqualTo(0.5);
    run(
        "resnet20-refit-2of4",
        "cifar10-resnet",
        "steps.0.prune.alps={sparsity: 0.7, allocation: erk,"
            + " on: {types: [convolution], except: [first]}}",
        "expect={accuracy: '>= 0.87', sparsity: '>= 0.7'}");
  }

  @Test
  void masks_and_weights_for_the_dense_output_are_the_best_of_the_story_teller()
      throws IOException {
    run(
        "stories-sparsegpt-2of4",
        "stories260k",
        "steps.0.prune={alps: {pattern: '2:4', damping: 0.1, on: {types: [linear]}},"
            + " calibrate: {target: dense}}",
        "expect={perplexity: '<= 14.5', sparsity: '>= 0.5'}");
  }

  @Test
  void the_books_model_reaches_its_published_perplexity_by_sparsegpt() throws IOException {
    JsonNode report = run("books-sparsegpt", "books8m");

    assertThat(report.path("perplexity_dense").asDouble()).isCloseTo(36.28, within(0.005));
    assertThat(report.path("sparsity").asDouble()).isEqualTo(0.5);
  }

  @Test
  void the_story_teller_pruned_by_wanda_is_exported_and_scored() throws IOException {
    JsonNode report = run("stories-wanda", "stories260k");

    assertThat(report.path("perplexity_dense").asDouble()).isCloseTo(4.385, within(5e-4));
    assertThat(report.path("perplexity").asDouble()).isLessThan(21.5);
    assertThat(report.path("perplexity_exported").asDouble())
        .isCloseTo(report.path("perplexity").asDouble(), within(5e-3));
  }

  @Test
  void bert_base_knows_capitals_of_france() throws IOException {
    BertBase model = BertBase.open(BertBase.JAR, getClass().getClassLoader());
    try (Tokenizer tokenizer = model.tokenizer();
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      int[] ids = tokenizer.sentence("the capital of france is [MASK] .", 128);
      assertThat(ids).hasSize(9).contains(103).startsWith(101).endsWith(102);
      Block block = model.block();
      block.initialize(manager, DataType.FLOAT32, new Shape(1, 9));
      NDList out =
          block.forward(
              new ParameterStore(manager, false),
              new NDList(manager.create(ids).reshape(1, 9)),
              false);

      long[] best = out.head().get("0,6").argSort(0, false).toLongArray();

      assertThat(tokenizer.decode(new int[] {(int) best[0], (int) best[1], (int) best[2]}))
          .isEqualTo("paris lille lyon");
    }
  }

  /** A run that meets what its recipe expects. */
  private JsonNode run(String example, String needs, String... sets) throws IOException {
    Path data = RealModels.find(needs).resolveSibling(".").normalize();
    Path recipe = Path.of(System.getProperty("sparseland.root"), "examples", example + ".yaml");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    List<String> args =
        new ArrayList<>(
            List.of(
                "run",
                recipe.toString(),
                "--data",
                data.toString(),
                "--out",
                folder + "/out",
                "--force", // a test may run two
                "--json"));
    for (String set : sets) {
      args.addAll(List.of("--set", set));
    }
    int code =
        Main.run(
            args.toArray(String[]::new),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err);

    assertThat(code).isZero();
    return new ObjectMapper().readTree(out.toString(StandardCharsets.UTF_8));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import io.sparseland.core.Layer;
import io.sparseland.core.Layers;
import io.sparseland.core.Pattern;
import io.sparseland.core.export.Exports;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.recipes.data.DataFolders;
import io.sparseland.recipes.plan.Planner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code pattern: auto} with a made-up table. */
class AutoPatternTest {

  /** At 0.5 every pattern loses against dense; at 0.9 4x4 is cheapest, then 4x1, then single. */
  private static final CostTable TABLE =
      new CostTable(
          "made-up",
          "no machine",
          List.of(row("unstructured", 0.5), row("4x1", 0.3), row("4x4", 0.2)));

  private static CostTable.Row row(String pattern, double cost) {
    return new CostTable.Row(
        WeightType.FP32,
        pattern,
        32,
        100,
        100,
        List.of(0.5, 0.9),
        new TreeMap<>(java.util.Map.of("dense", List.of(1.0, 1.0), "csr", List.of(2.0, cost))));
  }

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  private List<Layer> layers(int inputs, int outputs) {
    Block block = new SequentialBlock().add(Linear.builder().setUnits(outputs).build());
    Exports.initialised(block, manager, 1, new Shape(1, inputs));
    return Layers.of(block, new Shape(1, inputs));
  }

  private static AutoPattern auto(String... among) {
    return new AutoPattern(
        TABLE, Stream.of(among).map(Pattern::parse).toList(), WeightType.FP32, 32);
  }

  @ParameterizedTest
  @CsvSource({
    "8, 8, 0.9, 4x4",
    "6, 8, 0.9, 4x1", // 6 inputs are not divisible by 4
    "6, 7, 0.9, unstructured", // neither are 7 outputs
    "8, 8, 0.5, unstructured" // dense is cheaper than all: the first of equals
  })
  void the_cheapest_pattern_that_every_layer_takes_is_chosen(
      int inputs, int outputs, double sparsity, String pattern) {
    assertThat(auto("unstructured", "4x1", "4x4").choose(layers(inputs, outputs), sparsity).text())
        .isEqualTo(pattern);
  }

  @Test
  void n_of_m_is_taken_only_at_its_own_sparsity() {
    List<Layer> layers = layers(8, 8);

    assertThat(auto("2:4", "4x1").choose(layers, 0.5).text()).isEqualTo("2:4");
    assertThat(auto("2:4", "4x1").choose(layers, 0.9).text()).isEqualTo("4x1");
  }

  @Test
  void layers_that_take_none_are_refused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> auto("4x1", "2:4").choose(layers(6, 7), 0.9))
        .withMessage("pattern 'auto': the layers take none of [4x1, 2:4] at sparsity 0.9");
  }

  @Test
  void a_recipe_names_table_and_patterns(@TempDir Path folder) throws IOException {
    Path table = folder.resolve("table.json");
    Files.writeString(table, TABLE.toJson());
    String recipe =
        """
        version: 1
        data: {random: {shape: [8], classes: 4}}
        model: {mlp: {sizes: [8, 8, 4]}}
        steps:
          - prune: {magnitude: {sparsity: 0.9, pattern: auto, auto: {profile: %s, among: [row, "4x4"]}}}
        """
            .formatted(table);

    var plan =
        Planner.plan(
            Recipes.parse(folder.resolve("r.yaml"), recipe),
            new DataFolders(Optional.empty(), List.of(), false),
            AutoPatternTest.class.getClassLoader());

    assertThat(plan.steps().get(0).targets().get(0).pattern()).isEqualTo("4x4");
  }
}

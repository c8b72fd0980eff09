// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.models.files.RealModels;
import io.sparseland.recipes.Recipes;
import io.sparseland.recipes.data.DataFolders;
import io.sparseland.recipes.language.RecipeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PlannerTest {

  private static final Path EXAMPLES = Path.of(System.getProperty("sparseland.root"), "examples");
  private static final Pattern PRETRAINED =
      Pattern.compile("^(bert|books|minilm|resnet20|stories)-");

  private static final DataFolders NO_DATA = new DataFolders(Optional.empty(), List.of(), false);

  @Test
  void erk_on_all_layers_of_lenet_300_100_gives_the_published_counts() throws IOException {
    // Density 0.1 of 266,200 weights: 26,620 kept; 18,714 + 6,906 + 1,000 (the last stays dense).
    Plan plan = plan("mnist-rigl-90.yaml", "steps.0.train.sparsity.0.rigl.on={types: [linear]}");

    Plan.TargetPlan target = plan.steps().get(0).targets().get(0);
    assertThat(target.layers())
        .extracting(Plan.LayerPlan::kept)
        .containsExactly(18714L, 6906L, 1000L);
    assertThat(target.kept()).isEqualTo(26_620);
    assertThat(target.excluded()).isEmpty();
  }

  @Test
  void the_default_exclusion_is_listed_and_outside_the_budget() throws IOException {
    Plan plan = plan("mnist-rigl-90.yaml");

    Plan.TargetPlan target = plan.steps().get(0).targets().get(0);
    // Weights of linear.0 and linear.1: 235,200 + 30,000; a tenth is kept.
    assertThat(target.weights()).isEqualTo(265_200);
    assertThat(target.kept()).isEqualTo(26_520);
    assertThat(target.excluded()).extracting(Plan.ExcludedLayer::name).containsExactly("linear.2");
    // Two FLOPs for each weight of a linear layer.
    assertThat(plan.model().flops()).isEqualTo(2 * 266_200);
    assertThat(plan.model().parameters()).isEqualTo(266_610);
  }

  @Test
  void lenet5_counts_convolutions_by_their_positions() throws IOException {
    Plan plan = plan("lenet5-set-90.yaml");

    // 24*24 positions of 20x25, 8*8 of 50x500, then 500x800 and 10x500; two FLOPs each.
    assertThat(plan.model().flops()).isEqualTo(2L * (576 * 500 + 64 * 25_000 + 400_000 + 5_000));
  }

  @Test
  void a_pattern_prunes_whole_units_in_every_group() throws IOException {
    Plan plan =
        plan(
            "mnist-wanda-oneshot.yaml",
            "steps.prune.prune={wanda: {pattern: \"2:4\"}}",
            "expect={}");

    assertThat(plan.steps().get(1).targets().get(0).layers())
        .extracting(Plan.LayerPlan::kept)
        .containsExactly(117_600L, 15_000L);
  }

  @Test
  void row_scope_rounds_in_every_row() throws IOException {
    Plan plan = plan("mnist-wanda-oneshot.yaml");

    // Wanda compares within rows: floor(0.7 * 784) = 548 of 784 go, 210 of 300 in the second layer.
    assertThat(plan.steps().get(1).targets().get(0).layers())
        .extracting(Plan.LayerPlan::kept)
        .containsExactly(300L * (784 - 548), 100L * (300 - 210));
  }

  @Test
  void a_memory_cap_below_the_estimate_is_refused_before_any_work() throws IOException {
    long needed = plan("mnist-wanda-oneshot.yaml").memoryBytes();
    String cap = "memory=%d MiB".formatted((needed >> 20) - 1);

    assertThatThrownBy(() -> plan("mnist-wanda-oneshot.yaml", cap))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("are allowed")
        .hasMessageContaining("calibrate: {samples: N}");
    assertThat(plan("mnist-wanda-oneshot.yaml", "memory=64 GiB").memoryBytes()).isEqualTo(needed);
  }

  @Test
  void a_layer_s_cost_is_what_is_kept_of_all_samples_and_its_solution() throws IOException {
    String gpt = "steps.prune.prune={sparsegpt: {sparsity: 0.5}, calibrate: {samples: %d}}";
    Plan few = plan("mnist-wanda-oneshot.yaml", gpt.formatted(100), "expect={}");
    Plan many = plan("mnist-wanda-oneshot.yaml", gpt.formatted(300), "expect={}");

    // linear.1 is solved in fp64: five copies of 30,000 weights and seven matrices of 300 x 300
    // (the sums and six while it is solved); of every sample 300 numbers of 4 bytes are kept.
    assertThat(few.costs())
        .extracting(Plan.LayerCost::name)
        .containsExactly("linear.0", "linear.1");
    long solution = 8 * (5 * 30_000L + 6 * 90_000L);
    assertThat(few.costs().get(1).bytes()).isBetween(solution, solution + 100 * 4 * 784L);
    assertThat(many.costs().get(1).bytes() - few.costs().get(1).bytes()).isEqualTo(200 * 4 * 300L);
  }

  @Test
  void whole_units_are_counted_exactly_where_every_layer_loses_the_same_share() throws IOException {
    String[] small = {"model.encoder.layers=1", "data.random.shape=[4, 768]", "expect={}"};
    String cut = "steps.0.prune={%s: {sparsity: 0.2, pattern: unit, on: {types: [linear]}}}";
    Plan.TargetPlan uniform =
        plan("encoder-speed.yaml", small[0], small[1], small[2], cut.formatted("wanda"))
            .steps()
            .get(0)
            .targets()
            .get(0);
    Plan.TargetPlan budget =
        plan("encoder-speed.yaml", small[0], small[1], small[2], cut.formatted("flap"))
            .steps()
            .get(0)
            .targets()
            .get(0);

    // 2 of 12 heads of 64 go, and 614 of 3072 hidden units
    long attention = 10 * 64 * 768L;
    long hidden = (3072 - 614) * 768L;
    assertThat(uniform.layers())
        .allSatisfy(
            layer ->
                assertThat(layer.kept())
                    .isEqualTo(layer.weights() == 768 * 768 ? attention : hidden));
    assertThat(uniform.kept()).isEqualTo(4 * attention + 2 * hidden);
    assertThat(budget.layers()).allSatisfy(layer -> assertThat(layer.kept()).isEqualTo(-1));
  }

  @ParameterizedTest
  @MethodSource("examples")
  void every_example_has_a_plan_without_its_data(String example) throws IOException {
    Plan plan = plan(example);

    assertThat(plan.steps()).isNotEmpty();
    assertThat(PlanText.of(plan)).contains("step 0", "in all: about");
  }

  @ParameterizedTest
  @MethodSource("pretrainedExamples")
  @Tag("models")
  void every_example_of_a_pretrained_model_has_a_plan(String example) throws IOException {
    Path data = RealModels.find("books8m").resolveSibling(".").normalize();

    Plan plan =
        Planner.plan(
            Recipes.load(EXAMPLES.resolve(example), List.of()),
            new DataFolders(Optional.of(data), List.of(), false),
            PlannerTest.class.getClassLoader());

    assertThat(plan.model().parameters()).isGreaterThan(200_000);
  }

  static Stream<String> examples() throws IOException {
    return examples(false);
  }

  static Stream<String> pretrainedExamples() throws IOException {
    return examples(true);
  }

  /** The headers of a pretrained model's files are needed to plan with it. */
  private static Stream<String> examples(boolean pretrained) throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".yaml"))
          .filter(f -> PRETRAINED.matcher(f).find() == pretrained)
          .sorted()
          .toList()
          .stream();
    }
  }

  private static Plan plan(String example, String... overrides) throws IOException {
    return Planner.plan(
        Recipes.load(EXAMPLES.resolve(example), List.of(overrides)),
        NO_DATA,
        PlannerTest.class.getClassLoader());
  }
}

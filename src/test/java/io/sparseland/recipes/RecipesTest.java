// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.recipes.data.DataFolders;
import io.sparseland.recipes.plan.Planner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecipesTest {

  private static final Path ROOT = Path.of(System.getProperty("sparseland.root"));

  @Test
  void the_recipe_of_the_reference_page_has_no_mistakes() throws IOException {
    String page = Files.readString(ROOT.resolve("docs").resolve("recipes.md"));
    String text = page.substring(page.indexOf("```yaml\n") + 8, page.indexOf("\n```\n"));

    LoadedRecipe loaded = Recipes.parse(Path.of("recipes.md"), text);

    assertThat(
            Planner.plan(
                    loaded,
                    new DataFolders(Optional.empty(), List.of(), false),
                    RecipesTest.class.getClassLoader())
                .steps())
        .hasSize(5);
  }

  @Test
  void the_reference_page_names_every_kind() throws IOException {
    String page = Files.readString(ROOT.resolve("docs").resolve("recipes.md"));
    for (Class<?> family :
        List.of(
            io.sparseland.core.SparsityMethod.class,
            io.sparseland.core.Criterion.class,
            io.sparseland.core.Reconstruction.class,
            io.sparseland.core.Schedule.class,
            io.sparseland.core.Allocation.class,
            io.sparseland.recipes.data.DataSource.class,
            ModelSource.class,
            Step.class)) {
      for (String word : Kinds.CATALOGUE.words(family)) {
        assertThat(page).contains("`" + word);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          wanda: {sparsity: 0.5}                                          | OWN
          wanda: {sparsity: 0.5}, reconstruct: dsnot                      | OWN
          wanda: {sparsity: 0.5}, reconstruct: least_squares              | DENSE
          wanda: {sparsity: 0.5}, reconstruct: [dsnot, least_squares]     | DENSE
          wanda: {sparsity: 0.5}, reconstruct: dsnot, calibrate: {target: dense} | DENSE
          """)
  void only_what_finds_new_weights_moves_to_the_dense_output(String prune, String target) {
    LoadedRecipe loaded =
        Recipes.parse(
            Path.of("a.yaml"),
            "version: 1\ndata: mnist\nmodel: lenet\nsteps: [{prune: {%s}}]\n".formatted(prune));

    Step.Prune step = loaded.recipe().steps(Step.Prune.class).get(0);

    assertThat(step.oneShot(List.of(), 1, Map.of()).calibration().target()).hasToString(target);
  }

  @Test
  void the_hash_is_of_the_resolved_recipe() {
    String text = "version: 1\ndata: mnist\nmodel: lenet\nsteps: [evaluate]\n";

    LoadedRecipe plain = Recipes.parse(Path.of("a.yaml"), text);
    LoadedRecipe spelt = Recipes.parse(Path.of("a.yaml"), plain.resolved());

    assertThat(spelt.hash()).isEqualTo(plain.hash());
    assertThat(plain.resolved()).contains("\"hidden\":[300,100]", "\"seed\":17");
    assertThat(plain.name()).isEqualTo("a");
  }

  @ParameterizedTest(name = "{index}: {0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          >= 0.97  | 0.97    | true
          >= 0.97  | 0.9699  | false
          > 0.5    | 0.5     | false
          <= 1e-4  | 0.0001  | true
          < -2     | -2.5    | true
          == 3     | 3       | true
          == 3     | 3.1     | false
          """)
  void comparisons_compare(String text, double value, boolean holds) {
    assertThat(Comparison.parse(text).holds(value, 0)).isEqualTo(holds);
  }

  @Test
  void a_comparison_forgives_what_it_is_told_to() {
    assertThat(Comparison.parse(">= 0.9").holds(0.8999, 0.001)).isTrue();
    assertThat(Comparison.parse(">= 0.9").holds(0.8989, 0.001)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.97", "=> 0.9", ">= x", ">= 1; 2", ""})
  void what_is_no_comparison_is_refused(String text) {
    assertThatThrownBy(() -> Comparison.parse(text)).hasMessageContaining("needs a comparison");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "/tmp/x", ".hidden", "a/b", "''"})
  void names_lead_nowhere_else(String name) {
    String text = "version: 1\nname: %s\ndata: mnist\nmodel: lenet\nsteps: [evaluate]\n";

    assertThatThrownBy(() -> Recipes.parse(Path.of("a.yaml"), text.formatted(name)))
        .hasMessageContaining("a.yaml:2:7")
        .hasMessageContaining("plain name");
  }
}

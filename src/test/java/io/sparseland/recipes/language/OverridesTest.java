// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OverridesTest {

  private static final Node ROOT =
      YamlReader.read(
          "r", "steps:\n  - train: {epochs: 10}\n  - id: cut\n    prune: {wanda: {}}\n", true);

  @ParameterizedTest(name = "{index}: {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          steps.0.train.epochs=3                      | {"steps":[{"train":{"epochs":3}},{"id":"cut","prune":{"wanda":{}}}]}
          steps.1.prune={magnitude: {sparsity: 0.5}}  | {"steps":[{"train":{"epochs":10}},{"id":"cut","prune":{"magnitude":{"sparsity":0.5}}}]}
          steps.cut.prune.wanda.pattern="2:4"         | {"steps":[{"train":{"epochs":10}},{"id":"cut","prune":{"wanda":{"pattern":"2:4"}}}]}
          expect.accuracy=">= 0.9"                    | {"steps":[{"train":{"epochs":10}},{"id":"cut","prune":{"wanda":{}}}],"expect":{"accuracy":">= 0.9"}}
          """)
  void a_path_leads_to_the_value(String override, String result) {
    assertThat(NodeText.json(Overrides.apply(ROOT, List.of(override)))).isEqualTo(result);
  }

  @ParameterizedTest(name = "{index}: {0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          steps.2.train.epochs=3  | no item '2' in 'steps.2.train.epochs'
          steps.cat.prune=1       | the items are: 0, 1, cut
          steps                   | needs PATH=VALUE
          =3                      | needs PATH=VALUE
          steps..epochs=3         | is not a path
          a.=3                    | is not a path
          name=[1                 | not valid YAML
          name=                   | empty
          """)
  void a_path_that_leads_nowhere_is_refused(String override, String message) {
    assertThatThrownBy(() -> Overrides.apply(ROOT, List.of(override)))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("--set " + override)
        .hasMessageContaining(message);
  }

  @Test
  void later_overrides_see_earlier_ones() {
    Node changed = Overrides.apply(ROOT, List.of("a=1", "a=2"));

    assertThat(((Node.Fields) changed).field("a").map(f -> f.value().describe()))
        .contains("the number 2");
  }
}

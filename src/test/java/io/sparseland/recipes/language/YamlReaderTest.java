// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class YamlReaderTest {

  @TempDir Path folder;

  @Test
  void places_count_from_one() throws IOException {
    Node.Fields root = (Node.Fields) YamlReader.read(file("a: 1\nb:\n  - c: {d: x}\n"));

    Node.Items items = (Node.Items) root.fields().get(1).value();
    Node.Fields item = (Node.Fields) items.items().get(0);
    Node.Fields inner = (Node.Fields) item.fields().get(0).value();
    assertThat(inner.fields().get(0).place().line()).isEqualTo(3);
    assertThat(inner.fields().get(0).place().column()).isEqualTo(9);
    assertThat(inner.fields().get(0).value().place().column()).isEqualTo(12);
  }

  @Test
  void words_that_older_yaml_takes_for_booleans_stay_what_was_written() throws IOException {
    Node.Fields root = (Node.Fields) YamlReader.read(file("name: no\nratio: 2:4\n"));

    assertThat(((Node.Scalar) root.fields().get(0).value()).text()).isEqualTo("no");
    assertThat(((Node.Scalar) root.fields().get(1).value()).text()).isEqualTo("2:4");
  }

  @ParameterizedTest(name = "{index}: {0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a: 1\\nb: 2\\na: 3            | 3:1: duplicate key 'a'
          a: &x 1\\nb: 2                | 1:4: anchor '&x'
          a: 1\\nb: *a                  | 2:4: alias '*a'
          a: !!int 3                   | 1:4: tag
          a: {<<: {b: 1}}              | 1:5: merge key '<<'
          a: 1\\n---\\nb: 2              | 3:1: a second document
          a: >= 3                      | 1:5: not valid YAML
          a: b: c                      | 1:5: not valid YAML
          \\tb: 1                       | 1:1: not valid YAML
          a: [1\\nb: 2                  | 2:2: not valid YAML
          [1, 2]: 3                    | not valid YAML
          ''                           | 1:1: the recipe is empty
          """)
  void what_recipes_must_not_hold_is_refused_with_its_place(String text, String message)
      throws IOException {
    Path file = file(text.replace("\\n", "\n").replace("\\t", "\t"));

    assertThatThrownBy(() -> YamlReader.read(file))
        .isInstanceOf(RecipeException.class)
        .hasMessageStartingWith(file.toString() + ":")
        .hasMessageContaining(message);
  }

  @Test
  void an_unquoted_comparison_is_told_to_be_quoted() throws IOException {
    Path file = file("expect:\n  accuracy: >= 0.9\n");

    assertThatThrownBy(() -> YamlReader.read(file)).hasMessageContaining("\">= 0.9\"");
  }

  @Test
  void every_forbidden_thing_is_reported_at_once() throws IOException {
    Path file = file("a: &x 1\nb: *x\na: 2\nc: !t 3\n");

    RecipeException e = catchThrowableOfType(RecipeException.class, () -> YamlReader.read(file));

    assertThat(e.mistakes()).extracting(m -> m.place().line()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void nesting_is_refused_at_the_limit_and_far_beyond() throws IOException {
    assertThat(YamlReader.read(file("[".repeat(63) + "1" + "]".repeat(63)))).isNotNull();
    assertThatThrownBy(() -> YamlReader.read(file("[".repeat(64) + "1" + "]".repeat(64))))
        .hasMessageContaining("1:65: nested deeper than 64 levels");
    assertThatThrownBy(() -> YamlReader.read(file("[".repeat(100_000))))
        .isInstanceOf(RecipeException.class);
  }

  @Test
  void a_file_over_the_limit_is_refused_unread() throws IOException {
    Path file = file("a: " + "x".repeat(5_000_000));

    assertThatThrownBy(() -> YamlReader.read(file)).hasMessageContaining("longer than 256 KiB");
  }

  @Test
  void a_bomb_of_aliases_is_refused() throws IOException {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 30; i++) {
      bomb.append("a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
    }
    Path file = file(bomb.toString());

    assertThatThrownBy(() -> YamlReader.read(file)).hasMessageContaining("anchor '&a0'");
  }

  @Test
  void text_that_is_not_utf_8_is_refused() throws IOException {
    Path file = folder.resolve("latin.yaml");
    Files.write(file, "name: caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));

    assertThatThrownBy(() -> YamlReader.read(file)).hasMessageContaining("not UTF-8");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("recipe.yaml"), text);
  }
}

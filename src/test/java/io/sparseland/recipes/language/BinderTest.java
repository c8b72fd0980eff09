// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BinderTest {

  interface Shape {}

  record Circle(double radius) implements Shape {}

  record Box(@Default("1") int widthLimit, List<Integer> sizes) implements Shape {}

  interface Ramp {}

  record Linear(double from, long begin, long end) implements Ramp {
    Linear {
      if (begin >= end) {
        throw new IllegalArgumentException("begin must come before end");
      }
    }
  }

  record Span(@Default("0 steps") long begin, @Default("100 %") long until) {}

  record When(long begin, long until) {}

  record Shared(@Fraction double sparsity, @Default("false") boolean loud) {}

  record Grow(Ramp drop, When when) implements Ramp {}

  enum Mode {
    SLOW,
    VERY_FAST
  }

  record Root(
      String name,
      @Whole long seed,
      Shape shape,
      Optional<Mode> mode,
      @Default("[1, 2]") List<Integer> batches,
      Optional<Deferred<Applied<Ramp, Shared>>> ramp) {}

  record Mixed(@Choice Applied<Shape, Shared> shape, Optional<String> note) {}

  private static final Catalogue CATALOGUE =
      new Catalogue()
          .kind(Shape.class, "circle", Circle.class, "{}")
          .kind(Shape.class, "box", Box.class, "{sizes: [7]}")
          .kind(Ramp.class, "linear", Linear.class, "{from: 0, begin: 0 steps, end: 75 %}")
          .kind(Ramp.class, "grow", Grow.class, "{drop: {linear: 0.3}}")
          .inline(When.class, Span.class, s -> new When(s.begin(), s.until()));

  @Test
  void a_kind_is_a_word_a_single_setting_or_a_mapping() {
    assertThat(root("shape: box").shape()).isEqualTo(new Box(1, List.of(7)));
    assertThat(root("shape: {circle: 2}").shape()).isEqualTo(new Circle(2));
    assertThat(root("shape: {box: {width_limit: 3, sizes: [1]}}").shape())
        .isEqualTo(new Box(3, List.of(1)));
  }

  @Test
  void defaults_and_optional_settings_are_filled_in() {
    Root root = root("shape: box");

    assertThat(root.batches()).containsExactly(1, 2);
    assertThat(root.mode()).isEmpty();
    assertThat(root("shape: box\nmode: very_fast").mode()).contains(Mode.VERY_FAST);
  }

  @Test
  void times_become_steps_when_the_clock_is_known() {
    Root root =
        root("shape: box\nramp: {grow: {sparsity: 0.9, until: 3 epochs, drop: {linear: 0.5}}}");

    Applied<Ramp, Shared> ramp = root.ramp().orElseThrow().at(Clock.of(10, 8));

    assertThat(ramp.kind()).isEqualTo("grow");
    assertThat(ramp.value()).isEqualTo(new Grow(new Linear(0.5, 0, 60), new When(0, 30)));
    assertThat(ramp.common()).isEqualTo(new Shared(0.9, false));
  }

  @Test
  void times_that_contradict_each_other_are_found_when_the_clock_is_known() {
    Root root = root("shape: box\nramp: {linear: {sparsity: 0.9, begin: 2 epochs, end: 15 steps}}");

    assertThatThrownBy(() -> root.ramp().orElseThrow().at(Clock.of(10, 8)))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("4:39: begin must come before end");
    assertThat(root.ramp().orElseThrow().at(Clock.of(5, 8)).value())
        .isEqualTo(new Linear(0, 10, 15));
  }

  @ParameterizedTest(name = "{index}: {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          shape: {circel: 2}                     | 3:9: unknown key 'circel' in 'shape'\\n  did you mean 'circle'? allowed here: box, circle
          shape: circl                           | 3:8: unknown 'shape': 'circl'\\n  did you mean 'circle'?
          shape: {circle: two}                   | 3:17: 'radius' needs a number, found the text 'two'
          shape: {circle: .nan}                  | 'radius' needs a number
          shape: {circle: 1e999}                 | 'radius' needs a number
          shape: {circle: 1, box: {}}            | 3:20: 'circle' and 'box' in one 'shape'
          shape: {}                              | 3:8: 'shape' needs one of: box, circle
          shape: {box: {sizes: 3}}               | 3:22: 'sizes' needs a list, found the number 3
          shape: {box: {sizes: [1, x]}}          | 3:26: 'sizes' needs a whole number, found the text 'x'
          shape: {box: {width_limit: 1.5}}       | 'width_limit' needs a whole number
          shape: {circle: {}}                    | 3:17: 'circle' needs the key 'radius'
          {shape: box, mode: quick}              | 'mode' needs one of slow, very_fast
          {shape: box, bathces: [1]}             | unknown key 'bathces' in 'recipe'\\n  did you mean 'batches'?
          {shape: box, ramp: {linear: {sparsity: 1.5}}}   | 'sparsity' needs a fraction from 0 to 1, found the number 1.5
          {shape: box, ramp: {linear: {sparsity: 90 %}}}  | 'sparsity' needs a fraction from 0 to 1
          {shape: box, ramp: {linear: {sparsity: 0, loud: no}}}  | 'loud' needs true or false
          {shape: box, ramp: {linear: {sparsity: 0, end: 100}}}  | 'end': needs a number with a unit
          {shape: box, ramp: {linear: {sparsity: 0, end: 3 days}}}  | unknown unit 'days'
          {shape: box, ramp: {linear: {sparsity: 0, end: 101 %}}}  | more than the whole training
          {shape: box, ramp: {linear: {sparsity: 0, end: 1.5 steps}}}  | steps are whole numbers
          """)
  void mistakes_name_place_and_allowed_words(String text, String message) {
    String recipe =
        text.startsWith("{")
            ? "{name: x, seed: 1, " + text.substring(1)
            : "name: x\nseed: 1\n" + text;

    assertThatThrownBy(() -> bind(Root.class, recipe))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining(message.replace("\\n", "\n"));
  }

  @Test
  void all_mistakes_are_reported_at_once_in_the_order_of_the_text() {
    assertThatThrownBy(() -> bind(Root.class, "nam: x\nseed: one\nshape: {box: {size: [1]}}\n"))
        .hasMessage(
            """
            r:1:1: unknown key 'nam' in 'recipe'
              did you mean 'name'? allowed here: batches, mode, name, ramp, seed, shape
            r:1:1: 'recipe' needs the key 'name'
            r:2:7: 'seed' needs a whole number, found the text 'one'
            r:3:15: unknown key 'size' in 'box'
              did you mean 'sizes'? allowed here: sizes, width_limit""");
  }

  @Test
  void a_choice_stands_among_the_keys_of_its_owner() {
    Mixed mixed = bind(Mixed.class, "circle: {radius: 1, sparsity: 0.5}\nnote: n");

    assertThat(mixed.shape().value()).isEqualTo(new Circle(1));
    assertThat(mixed.shape().common().sparsity()).isEqualTo(0.5);
    assertThatThrownBy(() -> bind(Mixed.class, "crcle: {radius: 1}"))
        .hasMessage(
            "r:1:1: unknown key 'crcle' in 'recipe'\n"
                + "  did you mean 'circle'? allowed here: box, circle, note");
  }

  @Test
  void the_resolved_tree_holds_the_defaults() {
    Mistakes mistakes = new Mistakes();
    Binder binder = new Binder(CATALOGUE, mistakes);
    Node node = YamlReader.read("r", "name: x\nseed: 1\nshape: box", true);
    binder.bind(Root.class, node, "recipe");

    assertThat(NodeText.json(binder.resolved(node)))
        .isEqualTo(
            "{\"name\":\"x\",\"seed\":1,\"shape\":{\"box\":{\"width_limit\":1,\"sizes\":[7]}},"
                + "\"batches\":[1,2]}");
  }

  private static Root root(String rest) {
    return bind(Root.class, "name: x\nseed: 1\n" + rest);
  }

  private static <R extends Record> R bind(Class<R> type, String text) {
    Mistakes mistakes = new Mistakes();
    R bound =
        new Binder(CATALOGUE, mistakes).bind(type, YamlReader.read("r", text, true), "recipe");
    mistakes.throwIfAny();
    return Objects.requireNonNull(bound);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SelectorTest {

  private NDManager manager;
  private List<Layer> layers;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    layers =
        List.of(
            of("words", LayerType.EMBEDDING),
            of("encoder.0.query", LayerType.LINEAR),
            of("encoder.0.norm", LayerType.NORM),
            of("encoder.1.query", LayerType.LINEAR),
            of("conv", LayerType.CONVOLUTION),
            of("head", LayerType.LINEAR, "tied.head"));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void defaults_leave_out_other_types_and_the_last_layer_with_reasons() {
    Selector.Selection selection = Selector.defaults().resolve(layers);

    assertThat(selection.selected().stream().map(Layer::name))
        .containsExactly("encoder.0.query", "encoder.1.query", "conv");
    assertThat(selection.excluded().stream().map(e -> e.layer().name() + ": " + e.reason()))
        .containsExactly(
            "words: is of type EMBEDDING, wanted: [LINEAR, CONVOLUTION]",
            "encoder.0.norm: is of type NORM, wanted: [LINEAR, CONVOLUTION]",
            "head: matches except: last");
  }

  @Test
  void globs_span_dots_and_except_wins() {
    Selector selector = new Selector(Set.of(), List.of("encoder.*"), List.of("*.1.quer?"));

    assertThat(selector.select(layers).stream().map(Layer::name))
        .containsExactly("encoder.0.query");
  }

  @Test
  void first_and_last_are_words_in_names_too() {
    assertThat(names(new Selector(Set.of(), List.of("first", "last"), List.of())))
        .containsExactly("encoder.0.query", "head");
  }

  @Test
  void types_are_obeyed() {
    assertThat(names(new Selector(Set.of(LayerType.CONVOLUTION), List.of(), List.of())))
        .containsExactly("conv");
    assertThat(names(new Selector(Set.of(LayerType.EMBEDDING), List.of("words"), List.of())))
        .containsExactly("words");
  }

  @Test
  void a_tied_weight_is_found_by_any_name() {
    assertThat(names(new Selector(Set.of(), List.of("tied.*"), List.of()))).containsExactly("head");
  }

  @Test
  void a_name_without_a_match_is_an_error_with_near_names() {
    assertThatThrownBy(() -> names(new Selector(Set.of(), List.of(), List.of("encoder.2.query"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "except: 'encoder.2.query' matches no layer; nearest: 'encoder.0.query', 'encoder.1.query'");
  }

  @Test
  void a_dot_is_a_dot() {
    assertThatThrownBy(() -> names(new Selector(Set.of(), List.of("encoder?0.querx"), List.of())))
        .hasMessageContaining("matches no layer");
    assertThatThrownBy(() -> names(new Selector(Set.of(), List.of("hea."), List.of())))
        .hasMessageContaining("nearest: 'head'");
  }

  @Test
  void selecting_nothing_is_an_error_with_the_reasons() {
    assertThatThrownBy(() -> names(new Selector(Set.of(), List.of("head"), List.of("last"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no layer is selected")
        .hasMessageContaining("head matches except: last");
  }

  private List<String> names(Selector selector) {
    return selector.select(layers).stream().map(Layer::name).toList();
  }

  private Layer of(String name, LayerType type, String... aliases) {
    Parameter parameter = Parameter.builder().setName(name).setType(Parameter.Type.WEIGHT).build();
    parameter.setArray(manager.create(new float[4], new Shape(2, 2)));
    return Layer.of(name, List.of(aliases), type, Geometry.linear(2, 2), parameter);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Layer;
import io.sparseland.core.Layers;
import io.sparseland.models.Encoder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StagesTest {

  private static final Shape SHAPE = new Shape(2, 5, 8);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void an_encoder_layer_has_four_stages() {
    Graph graph = Tracer.trace(encoder(), SHAPE);

    List<Stage> stages = Stages.of(graph, names(graph));

    assertThat(stages)
        .extracting(s -> s.uses().stream().map(u -> last(u.layer())).toList())
        .containsExactly(
            List.of("query", "key", "value"),
            List.of("output"),
            List.of("hidden"),
            List.of("back"),
            List.of("query", "key", "value"),
            List.of("output"),
            List.of("hidden"),
            List.of("back"));
  }

  @Test
  void outputs_that_are_added_to_a_residual_stream_know_it() {
    Graph graph = Tracer.trace(encoder(), SHAPE);

    List<Stage> stages = Stages.of(graph, names(graph));

    assertThat(stages.stream().flatMap(s -> s.uses().stream()))
        .allSatisfy(
            use ->
                assertThat(use.residual().isPresent())
                    .isEqualTo(List.of("output", "back").contains(last(use.layer()))));
  }

  @Test
  void every_operation_runs_at_most_once_and_few_arrays_are_kept() {
    Graph graph = Tracer.trace(encoder(), SHAPE);

    List<Stage> stages = Stages.of(graph, names(graph));

    List<Integer> all = stages.stream().flatMap(s -> s.operations().stream()).toList();
    assertThat(all).doesNotHaveDuplicates();
    assertThat(all.size()).isGreaterThan(30);
    assertThat(stages).allSatisfy(s -> assertThat(s.keep().size()).isLessThanOrEqualTo(2));
  }

  @Test
  void inputs_are_those_of_a_whole_forward_pass_and_nothing_is_left_behind() {
    Block block = encoder();
    Graph graph = Tracer.trace(block, SHAPE);
    NDArray x = manager.randomNormal(SHAPE);
    Map<String, float[]> expected = new HashMap<>();
    Capture.forward(
        block,
        new ParameterStore(manager, false),
        new NDList(x),
        (name, weight, input, use) -> expected.put(name, input.toFloatArray()));
    int arrays = manager.getManagedArrays().size();

    try (StagedRun run = new StagedRun(graph, new NDList(x), Map.of())) {
      for (Stage stage : Stages.of(graph, names(graph))) {
        run.advance(stage);
        for (Stage.Use use : stage.uses()) {
          assertThat(run.array(use.input()).toFloatArray())
              .isEqualTo(Objects.requireNonNull(expected.get(use.layer())));
        }
      }
    }

    assertThat(manager.getManagedArrays()).hasSize(arrays);
  }

  @Test
  void a_weight_used_twice_is_pruned_at_its_first_use() {
    Block shared = Linear.builder().setUnits(8).build();
    Block block =
        new SequentialBlock()
            .add(shared)
            .add(new LambdaBlock(x -> new NDList(x.head().tanh())))
            .add(shared);
    block.initialize(manager, DataType.FLOAT32, new Shape(2, 8));
    Graph graph = Tracer.trace(block, new Shape(2, 8));

    List<Stage> stages = Stages.of(graph, names(graph));

    assertThat(stages).singleElement().satisfies(s -> assertThat(s.uses()).hasSize(1));
  }

  @Test
  void a_graph_that_changes_arrays_in_place_is_refused() {
    Block block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(8).build())
            .add(new LambdaBlock(x -> new NDList(x.head().muli(2))))
            .add(Linear.builder().setUnits(8).build());
    block.initialize(manager, DataType.FLOAT32, new Shape(2, 8));
    Graph graph = Tracer.trace(block, new Shape(2, 8));

    assertThatThrownBy(() -> Stages.of(graph, names(graph)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("muli changes an array in place", "order: dense");
  }

  private Block encoder() {
    Block block = new Encoder(2, 8, 2, 16).get();
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    return block;
  }

  private static List<String> names(Graph graph) {
    return Layers.of(graph).stream()
        .filter(l -> l.type() == io.sparseland.core.LayerType.LINEAR)
        .map(Layer::name)
        .toList();
  }

  private static String last(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Layers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names and kinds of layers. */
class NamesTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({
    "01Linear, 1, linear",
    "12selfAttention, 12, selfAttention",
    "100Linear, 100, linear",
    "011x1conv, 1, 1x1conv",
    "03Linear, 1, linear", // a list that was edited
    "transformer_0, 4, transformer_0",
    "01a.b, 1, a_b",
  })
  void the_position_prefix_goes(String key, int position, String name) {
    assertThat(Names.childName(key, position)).isEqualTo(name);
  }

  @Test
  void nested_and_equal_siblings_are_numbered() {
    SequentialBlock inner = new SequentialBlock().add(BlockZoo.linear(3)).add(BlockZoo.linear(3));
    Block block =
        initialised(
            new SequentialBlock()
                .add(inner)
                .add(x -> x)
                .add(new SequentialBlock().add(BlockZoo.linear(3)))
                .add(BlockZoo.linear(2)),
            new Shape(1, 4));
    assertThat(Layers.of(block, new Shape(1, 4)))
        .extracting(Layer::name)
        .containsExactly(
            "sequentialBlock.0.linear.0",
            "sequentialBlock.0.linear.1",
            "sequentialBlock.1.linear",
            "linear");
  }

  @Test
  void a_lone_layer_is_named_after_its_class() {
    Block block = initialised(BlockZoo.linear(3), new Shape(1, 4));
    assertThat(Layers.of(block, new Shape(1, 4))).extracting(Layer::name).containsExactly("linear");
  }

  @Test
  void a_block_used_twice_is_one_layer_with_an_alias() {
    Linear shared = BlockZoo.linear(4);
    Block block =
        initialised(
            new SequentialBlock()
                .add(shared)
                .add(
                    new ParallelBlock(
                            l -> new ai.djl.ndarray.NDList(l.get(0).head().add(l.get(1).head())))
                        .add(shared)
                        .add(BlockZoo.linear(4))),
            new Shape(1, 4));
    assertThat(Layers.of(block, new Shape(1, 4)))
        .extracting(Layer::name, Layer::aliases)
        .containsExactly(
            tuple("linear", java.util.List.of("parallelBlock.linear.0")),
            tuple("parallelBlock.linear.1", java.util.List.of()));
  }

  @Test
  void a_tied_table_is_an_embedding_and_an_unlisted_kind_is_other() {
    Block tied = initialised(new BlockZoo.Tied(), new Shape(1, 3));
    Graph graph = Tracer.trace(tied, TraceInput.of(new Shape(1, 3), DataType.INT64));
    assertThat(Layers.of(graph))
        .extracting(Layer::name, Layer::type, Layer::geometry)
        .containsExactly(
            tuple("tied", LayerType.EMBEDDING, Geometry.linear(7, 4)),
            tuple("middle", LayerType.LINEAR, Geometry.linear(4, 4)));
  }

  @Test
  void convolutions_carry_their_groups() {
    Block block = initialised(BlockZoo.residual(), new Shape(1, 4, 6, 6));
    assertThat(Layers.of(block, new Shape(1, 4, 6, 6)))
        .extracting(Layer::type, Layer::geometry)
        .containsExactly(
            tuple(LayerType.CONVOLUTION, new Geometry(8, 9, 1, 3, 3, 4)),
            tuple(LayerType.NORM, Geometry.linear(8, 1)),
            tuple(LayerType.CONVOLUTION, new Geometry(4, 36, 4, 3, 3, 2)),
            tuple(LayerType.LINEAR, Geometry.linear(3, 4)));
  }

  @Test
  void a_layer_s_weight_is_a_live_view() {
    Block block = initialised(BlockZoo.residual(), new Shape(1, 4, 6, 6));
    Layer layer = Layers.of(block, new Shape(1, 4, 6, 6)).get(0);
    try (var weight = layer.weight()) {
      assertThat(weight.getShape()).isEqualTo(new Shape(8, 9));
      weight.muli(0).addi(2);
    }
    assertThat(layer.parameter().getArray().toFloatArray()).containsOnly(2f);
  }

  private <B extends Block> B initialised(B block, Shape shape) {
    block.initialize(manager, DataType.FLOAT32, shape);
    return block;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CostTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void convolutions_count_positions_times_kernel_and_linear_layers_rows() {
    Graph graph = graph(BlockZoo.residual(), new Shape(1, 4, 6, 6));
    List<Cost> costs = Cost.of(graph, Map.of("batch", 5L));
    assertThat(costs)
        .filteredOn(c -> c.macs() > 0)
        .extracting(Cost::layer, Cost::macs)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                "parallelBlock.sequentialBlock.conv2d.0", 5L * 8 * 36 * 9),
            org.assertj.core.groups.Tuple.tuple(
                "parallelBlock.sequentialBlock.conv2d.1", 5L * 4 * 36 * 36),
            org.assertj.core.groups.Tuple.tuple("linear", 5L * 3 * 4));
    assertThat(Cost.flops(graph, Map.of("batch", 1L)))
        .isEqualTo(2 * (8 * 36 * 9 + 4 * 36 * 36 + 12));
    assertThat(Cost.parameters(graph)).isEqualTo(8 * 9 + 8 + 4 * 8 + 4 * 36 + 4 + 12 + 3);
  }

  @Test
  void attention_products_grow_with_the_square_of_the_length() {
    Block block = new TransformerEncoderBlock(8, 2, 16, 0f, Activation::relu);
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 5, 8));
    Graph graph = Tracer.trace(block, TraceInput.of(new Shape(1, 5, 8)).symbol(1, "seq"));
    long projections = 4 * 8 * 8 + 2 * 8 * 16;
    for (long seq : new long[] {1, 7, 100}) {
      assertThat(Cost.flops(graph, Map.of("batch", 3L, "seq", seq)))
          .isEqualTo(2 * 3 * (seq * projections + 2 * 2 * seq * seq * 4));
    }
  }

  @Test
  void a_recurrent_layer_uses_its_weights_at_each_step() {
    Graph graph =
        graph(
            LSTM.builder().setNumLayers(1).setStateSize(4).optBatchFirst(true).build(),
            new Shape(1, 6, 3));
    assertThat(Cost.flops(graph, Map.of("batch", 2L)))
        .isEqualTo(2L * 2 * 6 * (4 * 4 * 3 + 4 * 4 * 4));
  }

  private Graph graph(Block block, Shape shape) {
    block.initialize(manager, DataType.FLOAT32, shape);
    return Tracer.trace(block, shape);
  }
}

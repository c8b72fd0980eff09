// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import io.sparseland.core.graph.Coupling.Producer;
import io.sparseland.models.Attention;
import io.sparseland.models.Decoder;
import io.sparseland.models.Encoder;
import io.sparseland.models.Rotary;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CouplingsTest {

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
  void an_encoder_layer_has_heads_and_units() {
    Block block = new Encoder(1, 12, 3, 20).get();

    List<Coupling> found = of(block, new Shape(2, 5, 12));

    assertThat(found).hasSize(2);
    Coupling heads = found.get(0);
    assertThat(heads.consumer()).endsWith("output");
    assertThat(heads.units()).isEqualTo(3);
    assertThat(heads.width()).isEqualTo(4);
    assertThat(heads.attention()).isTrue();
    assertThat(heads.producers()).extracting(Producer::rows).containsExactly(4, 4, 4);
    assertThat(heads.producers().stream().map(p -> last(p.layer())))
        .containsExactly("query", "key", "value");
    Coupling units = found.get(1);
    assertThat(last(units.consumer())).isEqualTo("back");
    assertThat(units.units()).isEqualTo(20);
    assertThat(units.width()).isEqualTo(1);
    assertThat(units.producers()).extracting(Producer::rows).containsExactly(1);
  }

  @Test
  void heads_that_share_a_key_and_value_go_together_and_a_gated_unit_has_two_makers() {
    Attention attention = new Attention(4, 2, new Rotary(6, 10000, Rotary.Pairs.HALVES));
    Block block = new Decoder(11, 8, 1, 16, 10, attention, 1e-5f, true).get();
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 4));

    List<Coupling> found = Couplings.of(Tracer.trace(block, new Shape(2, 4)));

    assertThat(found).hasSize(2);
    assertThat(found.get(0).units()).isEqualTo(2);
    assertThat(found.get(0).width()).isEqualTo(12);
    assertThat(found.get(0).producers())
        .extracting(p -> last(p.layer()) + " " + p.rows())
        .containsExactlyInAnyOrder("query 12", "key 6", "value 6");
    assertThat(found.get(1).producers())
        .extracting(p -> last(p.layer()) + " " + p.rows())
        .containsExactlyInAnyOrder("gate 1", "up 1");
  }

  @Test
  void layers_of_a_plain_net_are_chained() {
    Block block =
        new SequentialBlock()
            .add(linear(6))
            .add(Activation.reluBlock())
            .add(linear(5))
            .add(Activation::tanh)
            .add(linear(2));

    List<Coupling> found = of(block, new Shape(3, 4));

    assertThat(found).extracting(Coupling::units).containsExactly(6, 5);
  }

  @Test
  void what_mixes_columns_or_is_read_elsewhere_has_no_units() {
    Block normed =
        new SequentialBlock()
            .add(linear(6))
            .add(LayerNorm.builder().axis(1).build())
            .add(linear(2));
    Block skipped =
        new SequentialBlock()
            .add(linear(6))
            .add(
                new ParallelBlock(
                    parts -> new NDList(parts.get(0).head().add(parts.get(1).head())),
                    List.of(Blocks.identityBlock(), linear(6))));
    Block summed =
        new SequentialBlock()
            .add(
                new ParallelBlock(
                    parts -> new NDList(parts.get(0).head().add(parts.get(1).head())),
                    List.of(linear(6), linear(6))))
            .add(linear(2));
    Block rolled =
        new SequentialBlock()
            .add(linear(6))
            .add(new LambdaBlock(x -> new NDList(x.head().reshape(-1, 2, 3).transpose(0, 2, 1))))
            .add(new LambdaBlock(x -> new NDList(x.head().reshape(-1, 6))))
            .add(linear(2));

    for (Block block : List.of(normed, skipped, summed, rolled)) {
      assertThat(of(block, new Shape(3, 4))).isEmpty();
    }
  }

  private List<Coupling> of(Block block, Shape shape) {
    block.initialize(manager, DataType.FLOAT32, shape);
    return Couplings.of(Tracer.trace(block, shape));
  }

  private static Block linear(int units) {
    return Linear.builder().setUnits(units).build();
  }

  private static String last(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}

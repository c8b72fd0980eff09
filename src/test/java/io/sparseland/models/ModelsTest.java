// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelsTest {

  @Test
  void lenet_300_100_has_the_published_number_of_parameters() {
    // 784*300 + 300*100 + 100*10 = 266,200 weights; 300 + 100 + 10 biases.
    assertThat(parameters(Lenet.of(300, 100).get(), new Shape(2, 1, 28, 28))).isEqualTo(266_610);
  }

  @Test
  void lenet5_has_the_published_number_of_parameters() {
    // 430,500 weights; 20 + 50 + 500 + 10 biases.
    assertThat(parameters(new Lenet5(10).get(), new Shape(2, 1, 28, 28))).isEqualTo(431_080);
  }

  @Test
  void a_cnn_has_the_parameters_of_jax_pruners_mnist_network() {
    // 32*9 + 64*32*9 + 256*(64*7*7) + 10*256 weights; 32 + 64 + 256 + 10 biases.
    Cnn cnn = new Cnn(List.of(32, 64), List.of(256), 10);

    assertThat(parameters(cnn.get(), new Shape(2, 1, 28, 28)))
        .isEqualTo(288 + 18_432 + 802_816 + 2_560 + 362);
  }

  @Test
  void an_encoder_layer_of_bert_base_has_the_published_number_of_parameters() {
    // Four 768x768 and two 768x3072 layers with biases, two norms: a twelfth of 85,054,464.
    assertThat(parameters(new Encoder(1, 768, 12, 3072).get(), new Shape(1, 2, 768)))
        .isEqualTo(85_054_464 / 12);
  }

  @Test
  void mlp_maps_its_first_size_to_its_last() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Block block = new Mlp(List.of(6, 5, 3)).get();
      block.initialize(manager, DataType.FLOAT32, new Shape(4, 6));

      NDList out =
          block.forward(
              new ParameterStore(manager, false), new NDList(manager.ones(new Shape(4, 6))), false);

      assertThat(out.singletonOrThrow().getShape()).isEqualTo(new Shape(4, 3));
    }
  }

  @Test
  void impossible_sizes_are_refused_with_the_size() {
    assertThatThrownBy(() -> new Mlp(List.of(6))).hasMessageContaining("at least two sizes");
    assertThatThrownBy(() -> Lenet.of(300, 0)).hasMessageContaining("size 0");
    assertThatThrownBy(() -> new Lenet5(-1)).hasMessageContaining("size -1");
    assertThatThrownBy(() -> new Encoder(1, 8, 3, 9))
        .hasMessageContaining("3 heads for a width of 8");
    assertThatThrownBy(() -> new Encoder(0, 8, 2, 9)).hasMessageContaining("size 0");
  }

  private static long parameters(Block block, Shape input) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      block.initialize(manager, DataType.FLOAT32, input);
      return block.getParameters().values().stream()
          .mapToLong(p -> p.getArray().getShape().size())
          .sum();
    }
  }
}

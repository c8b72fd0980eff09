// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ExamplesTest {

  private static final Examples THREE =
      Examples.of(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2), new float[] {7, 8, 9});

  @Test
  void gathers_the_chosen_examples_in_their_order() {
    FloatBuffer inputs = FloatBuffer.allocate(4);
    FloatBuffer labels = FloatBuffer.allocate(2);

    THREE.gather(new int[] {1, 2, 0}, 1, 2, inputs, labels);

    assertThat(inputs.array()).containsExactly(5, 6, 1, 2);
    assertThat(labels.array()).containsExactly(9, 7);
  }

  @Test
  void orders_of_an_epoch_are_permutations_fixed_by_seed_and_epoch() {
    Examples many = Nets.blobs(500, 1, 2, 3);
    int[] identity = IntStream.range(0, 500).toArray();

    int[] first = many.order(17, 0);

    assertThat(many.order(17, 0)).containsExactly(first);
    assertThat(many.order(17, 1)).isNotEqualTo(first);
    assertThat(many.order(18, 0)).isNotEqualTo(first).isNotEqualTo(many.order(17, 1));
    assertThat(first).isNotEqualTo(identity);
    Arrays.sort(first);
    assertThat(first).containsExactly(identity);
  }

  @Test
  void takes_the_first_ones() {
    assertThat(THREE.first(2).size()).isEqualTo(2);
    assertThatThrownBy(() -> THREE.first(4)).hasMessage("first 4 examples, allowed: 1 to 3");
  }

  @Test
  void refuses_values_that_do_not_fit_the_labels() {
    assertThatThrownBy(() -> Examples.of(new float[5], new Shape(2), new float[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("5 input values for 3 labels of shape (2), allowed: 6");
  }
}

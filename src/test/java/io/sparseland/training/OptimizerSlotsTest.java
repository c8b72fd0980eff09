// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.sparseland.core.Layer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OptimizerSlotsTest {

  static Stream<Arguments> optimizers() {
    return Stream.of(
        Arguments.of(Nets.sgd(), 1), Arguments.of(Nets.adam(), 2), Arguments.of(Nets.adamW(), 2));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void forgets_where_the_mask_is_0_and_keeps_the_rest_to_the_bit(Optimizer optimizer, int count) {
    try (Model model = Nets.mlp(1, 2, 2)) {
      NDManager manager = model.getNDManager();
      Layer layer = Nets.layer(model, "linear.0");
      String id = layer.parameter().getId();
      NDArray gradient = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
      optimizer.update(id, layer.parameter().getArray(), gradient);
      OptimizerSlots slots = OptimizerSlots.of(optimizer);
      List<float[]> before = slots.of(id).stream().map(NDArray::toFloatArray).toList();

      slots.mask(layer, manager.create(new float[] {1, 0, 0, 1}, new Shape(2, 2)));

      assertThat(slots.of(id)).hasSize(count);
      for (int i = 0; i < count; i++) {
        float[] old = before.get(i);
        assertThat(old).doesNotContain(0f);
        assertThat(slots.of(id).get(i).toFloatArray()).containsExactly(old[0], 0, 0, old[3]);
      }
    }
  }

  @Test
  void resets_every_parameter() {
    try (Model model = Nets.mlp(1, 2, 2)) {
      Layer layer = Nets.layer(model, "linear.0");
      Optimizer optimizer = Nets.adam();
      NDArray gradient = model.getNDManager().ones(new Shape(2, 2));
      optimizer.update("one", layer.parameter().getArray(), gradient);
      optimizer.update("two", layer.parameter().getArray(), gradient);
      OptimizerSlots slots = OptimizerSlots.of(optimizer);

      slots.resetAll();

      for (String id : List.of("one", "two")) {
        assertThat(slots.of(id)).hasSize(2);
        slots.of(id).forEach(slot -> assertThat(slot.toFloatArray()).containsOnly(0f));
      }
    }
  }

  @Test
  void has_nothing_before_the_first_step() {
    assertThat(OptimizerSlots.of(Nets.adam()).of("none")).isEmpty();
  }

  @Test
  void refuses_other_optimizers_by_name() {
    Optimizer nag =
        Optimizer.nag().setLearningRateTracker(Tracker.fixed(0.1f)).setMomentum(0.9f).build();

    assertThatThrownBy(() -> OptimizerSlots.of(nag))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Nag")
        .hasMessageContaining("Sgd, Adam, AdamW");
  }
}

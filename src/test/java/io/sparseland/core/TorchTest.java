// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TorchTest {

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"BFLOAT16", "INT16", "UINT16", "UINT32", "UINT64", "STRING"})
  void types_that_would_end_the_process_are_refused_by_name(DataType type) {
    assertThatThrownBy(() -> Torch.check(type))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(type.toString())
        .hasMessageContaining("float32");
  }

  @Test
  void a_gradient_becomes_zero_and_the_mode_is_put_back_after_a_failure() {
    try (NDManager manager = NDManager.newBaseManager(Torch.ENGINE)) {
      NDArray w = manager.ones(new Shape(3));
      w.setRequiresGradient(true);
      try (GradientCollector collector = Engine.getEngine(Torch.ENGINE).newGradientCollector()) {
        collector.backward(w.square().sum());
      }
      assertThat(w.getGradient().toFloatArray()).containsExactly(2, 2, 2);
      Torch.zeroGradient(w);
      assertThat(w.getGradient().toFloatArray()).containsExactly(0, 0, 0);

      boolean before = Torch.recordsGradients();
      assertThatThrownBy(
              () ->
                  Torch.withoutGradients(
                      () -> {
                        assertThat(Torch.recordsGradients()).isFalse();
                        w.muli(2); // a leaf, editable while nothing is recorded
                        throw new IllegalStateException("stop");
                      }))
          .isInstanceOf(IllegalStateException.class);
      assertThat(Torch.recordsGradients()).isEqualTo(before);
      assertThat(w.toFloatArray()).containsExactly(2, 2, 2);
    }
  }
}

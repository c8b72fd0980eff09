// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.StateKeeper;
import io.sparseland.core.Torch;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class MaskedLayerTest {

  @Test
  void prunes_at_once_and_keeps_the_mask_as_floats() {
    try (Model model = Nets.mlp(1, 3, 2)) {
      Layer layer = weights(model, 1, 2, 3, 4, 5, 6);

      MaskedLayer masked = masked(model, layer, 0, 4, 5);

      assertThat(masked.keep().toFloatArray()).containsExactly(1, 0, 0, 0, 1, 1);
      assertThat(masked.keep().getShape()).isEqualTo(new Shape(2, 3));
      assertThat(Nets.weights(model, "linear.0")).containsExactly(1, 0, 0, 0, 5, 6);
    }
  }

  @Test
  void another_mask_drops_to_0_and_grows_at_0() {
    try (Model model = Nets.mlp(1, 3, 2)) {
      Layer layer = weights(model, 1, 2, 3, 4, 5, 6);
      MaskedLayer masked = masked(model, layer, 0, 4, 5);

      List<float[]> slots = new ArrayList<>();
      StateKeeper keeper =
          new StateKeeper() {
            @Override
            public void mask(Layer which, NDArray keep) {
              slots.add(keep.toFloatArray());
            }

            @Override
            public NDArray momentum(Layer which) {
              throw new AssertionError("nobody asked for momentum");
            }

            @Override
            public void resetAll() {
              throw new AssertionError("only some slots are to be reset");
            }
          };

      Mask before = masked.mask();
      Torch.withoutGradients(() -> masked.replace(mask(layer, 0, 1, 2, 5), keeper, false));
      MaskUpdate update = masked.since(before, 40);

      assertThat(slots).hasSize(1); // 0 and 5 stay, 4 is dropped, 1 and 2 are fresh
      assertThat(slots.get(0)).containsExactly(1, 0, 0, 0, 0, 1);

      assertThat(masked.keep().toFloatArray()).containsExactly(1, 1, 1, 0, 0, 1);
      assertThat(Nets.weights(model, "linear.0")).containsExactly(1, 0, 0, 0, 0, 6);
      assertThat(update).isEqualTo(new MaskUpdate(40, "linear.0", 6, 4, 1, 2, 5));
      assertThat(update.everActiveShare()).isEqualTo(5 / 6.0); // 0, 1, 2, 4 and 5
      assertThat(update.density()).isEqualTo(4 / 6.0);
      assertThat(update.overlap()).isEqualTo(2 / 3.0); // 0 and 5 of 0, 4, 5 stayed
    }
  }

  @Test
  void slots_may_outlive_the_mask_but_a_fresh_weight_starts_without() {
    try (Model model = Nets.mlp(1, 3, 2)) {
      Layer layer = weights(model, 1, 2, 3, 4, 5, 6);
      MaskedLayer masked = masked(model, layer, 0, 4, 5);
      List<float[]> slots = new ArrayList<>();
      StateKeeper keeper =
          new StateKeeper() {
            @Override
            public void mask(Layer which, NDArray keep) {
              slots.add(keep.toFloatArray());
            }

            @Override
            public NDArray momentum(Layer which) {
              throw new AssertionError("nobody asked for momentum");
            }

            @Override
            public void resetAll() {
              throw new AssertionError("only some slots are to be reset");
            }
          };

      Torch.withoutGradients(() -> masked.replace(mask(layer, 0, 1, 2, 5), keeper, true));

      assertThat(slots.get(0)).containsExactly(1, 0, 0, 1, 1, 1); // 1 and 2 are fresh
      assertThat(masked.keep().toFloatArray()).containsExactly(1, 1, 1, 0, 0, 1);
      assertThat(Nets.weights(model, "linear.0")).containsExactly(1, 0, 0, 0, 0, 6);
    }
  }

  private static MaskedLayer masked(Model model, Layer layer, int... kept) {
    return Torch.withoutGradients(
        () -> new MaskedLayer(layer, mask(layer, kept), model.getNDManager()));
  }

  private static Mask mask(Layer layer, int... kept) {
    BitSet bits = new BitSet();
    for (int index : kept) {
      bits.set(index);
    }
    return Mask.of(layer.geometry(), Pattern.unstructured(), bits);
  }

  private static Layer weights(Model model, float... values) {
    Layer layer = Nets.layer(model, "linear.0");
    layer.parameter().getArray().toByteBuffer(true).asFloatBuffer().put(values);
    return layer;
  }
}

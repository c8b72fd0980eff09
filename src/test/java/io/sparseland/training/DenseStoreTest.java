// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import io.sparseland.core.Exploration;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Torch;
import java.nio.FloatBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The worked case of algorithms/sparse-training.md section 6.8. */
class DenseStoreTest {

  private static final float[] THETA = {
    .5f, .12f, -.1f, .03f, .3f, -.25f, .07f, -.8f, .05f, .15f, -.02f, -.2f
  };
  private static final float[] G = {
    .01f, -.40f, .70f, .05f, -.02f, .35f, -.10f, .03f, .60f, .15f, -.25f, .02f
  };

  @Test
  void a_step_moves_what_learns_and_nothing_else() {
    try (Model model = Nets.mlp(1, 4, 3)) {
      Layer layer = layer(model);
      Torch.withoutGradients(
          () -> {
            DenseStore store =
                new DenseStore(
                    layer, new Exploration(0.01, Exploration.Form.L2), model.getNDManager());
            Mask used = mask(layer, 0, 4, 7);
            store.choose(mask(layer, 0, 4, 5, 7, 9, 11), used);
            NDArray weight = layer.parameter().getArray();
            weight.muli(used.toArray(model.getNDManager()));
            NDArray gradient = model.getNDManager().create(G, weight.getShape());
            NDArray slot = model.getNDManager().ones(weight.getShape());

            store.step(
                gradient,
                List.of(slot),
                () -> {
                  slot.muli(0.9f).addi(gradient.mul(0.1f));
                  weight.subi(gradient.mul(0.1f)).muli(0.999999f); // a decay that moves all
                });

            store.show();
            assertThat(weight.toFloatArray())
                .containsExactly(
                    new float[] {
                      .4985f, .12f, -.1f, .03f, .3017f, -.284f, .07f, -.8022f, .05f, .1344f, -.02f,
                      -.2012f
                    },
                    within(2e-6f));
            for (int i : new int[] {1, 2, 3, 6, 8, 10}) { // to the bit
              assertThat(weight.toFloatArray()[i]).isEqualTo(THETA[i]);
              assertThat(slot.toFloatArray()[i]).isEqualTo(1);
            }
            assertThat(slot.toFloatArray()[0]).isCloseTo(0.9f + 0.0015f, within(1e-6f));
            assertThat(gradient.toFloatArray()[1]).isZero();
            assertThat(gradient.toFloatArray()[5]).isCloseTo(.35f - .01f, within(1e-6f));
          });
    }
  }

  @Test
  void what_is_used_must_learn() {
    try (Model model = Nets.mlp(1, 4, 3)) {
      Layer layer = layer(model);
      DenseStore store =
          Torch.withoutGradients(
              () ->
                  new DenseStore(
                      layer, new Exploration(0, Exploration.Form.L1), model.getNDManager()));

      assertThatThrownBy(() -> store.choose(mask(layer, 1), mask(layer, 0)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("linear.0");
    }
  }

  private static Layer layer(Model model) {
    Layer layer = Nets.layer(model, "linear.0");
    Torch.withoutGradients(() -> layer.parameter().getArray().set(FloatBuffer.wrap(THETA)));
    return layer;
  }

  private static Mask mask(Layer layer, int... kept) {
    BitSet bits = new BitSet();
    IntStream.of(kept).forEach(bits::set);
    return Mask.of(layer.geometry(), Pattern.unstructured(), bits);
  }
}

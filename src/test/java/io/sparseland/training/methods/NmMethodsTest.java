// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import static io.sparseland.core.Fixtures.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.sparseland.core.Pattern;
import io.sparseland.core.WeightView;
import java.util.stream.Collectors;
import org.assertj.core.api.AbstractFloatArrayAssert;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The worked examples of N:M training, algorithms/sparse-training.md section 7. */
class NmMethodsTest {

  private static final float[] W = {
    .9f, -.1f, .2f, -.7f, .05f, .6f, -.3f, .4f, -.2f, .8f, .1f, .3f, -.5f, .02f, .45f, -.06f
  };
  private static final float[] G = {
    .5f, -1, .2f, .1f, -.3f, .4f, .25f, -.05f, .1f, .2f, -.6f, .3f, .05f, -.7f, .15f, .9f
  };

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({
    "2:4, 10010101 01011010",
    "1:4, 10000100 01001000",
    "2:8, 10010000 01001000",
  })
  void straight_through_chooses_by_magnitude_anew(String pattern, String expected) {
    OneLayer layer = layer(pattern).refreshed();

    assertThat(bits(layer.mask)).isEqualTo(expected);
    assertThat(layer.mask.pattern()).isEqualTo(Pattern.parse(pattern));
  }

  @Test
  void what_was_pruned_returns_when_it_has_grown() {
    OneLayer layer = layer("2:4").refreshed();
    layer.weight().set(java.nio.FloatBuffer.wrap(change(W, 1, 2f))); // -.1 becomes the largest

    new StraightThrough().updater().update(layer);

    assertThat(bits(layer.mask)).isEqualTo("11000101 01011010");
  }

  @Test
  void forward_is_masked_and_the_gradient_passes_as_it_is() {
    OneLayer layer = layer("2:4").refreshed();
    WeightView view = new StraightThrough().view().orElseThrow();

    values(view.effective(layer)).startsWith(.9f, 0, 0, -.7f, 0, .6f, 0, .4f).hasSize(W.length);
    values(view.gradient(layer, layer.array(G))).containsExactly(G);
  }

  @Test
  void sr_ste_adds_the_decay_of_hidden_weights_and_leaves_the_others() {
    OneLayer layer = layer("2:4").refreshed();
    NDArray gradient = layer.array(G);

    new StraightThrough(2e-4, 1).penalty().orElseThrow().gradient(layer, gradient);

    assertThat(gradient.toFloatArray())
        .containsExactly(
            new float[] {
              .5f, -1.00002f, .20004f, .1f, -.29999f, .4f, .24994f, -.05f, .09996f, .2f, -.59998f,
              .3f, .05f, -.699996f, .15f, .899988f
            },
            Offset.offset(1e-7f));
    assertThat(new StraightThrough(0, 1).penalty()).isEmpty();
  }

  @Test
  void decay_keeps_the_mask_that_plain_straight_through_flips() {
    // rate .1, g = [0, -.3, 0, 0]: .28 grows past .30 unless lambda .5 holds it down
    assertThat(bits(afterOneStep(0).mask)).isEqualTo("0110");
    OneLayer held = afterOneStep(.5);
    assertThat(bits(held.mask)).isEqualTo("1010");
    assertThat(held.weights())
        .containsExactly(new float[] {.3f, .296f, .9f, -.0475f}, Offset.offset(1e-6f));
  }

  private OneLayer afterOneStep(double decay) {
    OneLayer layer =
        new OneLayer(manager, Pattern.parse("2:4"), 1, 4, .30f, .28f, .90f, -.05f).refreshed();
    NDArray gradient = layer.array(0, -.3f, 0, 0);
    StraightThrough method = new StraightThrough(decay, 1);
    method.penalty().ifPresent(penalty -> penalty.gradient(layer, gradient));
    layer.weight().subi(gradient.mul(.1));
    method.updater().update(layer);
    return layer;
  }

  @ParameterizedTest
  @CsvSource({
    "LINEAR, 0, 1",
    "LINEAR, 1000, .8",
    "LINEAR, 2500, .5",
    "LINEAR, 5000, 0",
    "LINEAR, 6000, 0",
    "EXPONENTIAL, 0, 1",
    "EXPONENTIAL, 1000, .818731",
    "EXPONENTIAL, 5000, 0"
  })
  void beta_falls_to_0(MaskDecay.Decay decay, long step, double expected) {
    // tau 2e-4: linear ends at step 5000; exponential has lost one e-folding there and is cut off
    MaskDecay method = new MaskDecay(decay, 1, 5000, MaskDecay.Flow.SCALED, 1);

    assertThat(method.beta(step)).isCloseTo(expected, within(1e-6));
  }

  @Test
  void exponential_beta_has_the_published_values() {
    MaskDecay method =
        new MaskDecay(MaskDecay.Decay.EXPONENTIAL, 5, 25_000, MaskDecay.Flow.SCALED, 1);

    assertThat(method.beta(5000)).isCloseTo(.367879, within(1e-6));
    assertThat(method.beta(20_000)).isCloseTo(.018316, within(1e-6));
  }

  @Test
  void a_soft_mask_fades_weights_and_their_gradient() {
    OneLayer layer = layer("2:4").refreshed();
    layer.step = 75; // of 100: beta .25
    WeightView scaled = maskDecay(MaskDecay.Flow.SCALED);
    WeightView straight = maskDecay(MaskDecay.Flow.STRAIGHT_THROUGH);

    assertThat(first8(scaled.effective(layer)))
        .containsExactly(
            new float[] {.9f, -.025f, .05f, -.7f, .0125f, .6f, -.075f, .4f}, Offset.offset(1e-7f));
    assertThat(first8(scaled.gradient(layer, layer.array(G))))
        .containsExactly(
            new float[] {.5f, -.25f, .05f, .1f, -.075f, .4f, .0625f, -.05f}, Offset.offset(1e-7f));
    values(straight.gradient(layer, layer.array(G))).containsExactly(G);
    layer.step = 100;
    values(scaled.effective(layer)).containsExactly(scaled.merge(layer).add(0f).toFloatArray());
  }

  private static WeightView maskDecay(MaskDecay.Flow flow) {
    return new MaskDecay(MaskDecay.Decay.LINEAR, 1, 100, flow, 1).view().orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({
    "STEPWISE, 1:8, 7:8 4:8 2:8 1:8",
    "STEPWISE, 2:4, 3:4 2:4",
    "STEPWISE, 1:16, 15:16 8:16 4:16 2:16 1:16",
    "GEOMETRIC, 1:8, 8:64 4:32 2:16 1:8",
    "GEOMETRIC, 2:4, 16:32 8:16 4:8 2:4"
  })
  void walks_lead_to_the_pattern(StructureDecay.Walk walk, String target, String expected) {
    StructureDecay method = new StructureDecay(walk, 4, 0, 100, 1);

    assertThat(
            method.frames((Pattern.NM) Pattern.parse(target)).stream()
                .map(Pattern::text)
                .collect(Collectors.joining(" ")))
        .isEqualTo(expected);
  }

  @Test
  void each_frame_is_exact_and_the_last_mask_rests() {
    StructureDecay method = new StructureDecay(StructureDecay.Walk.STEPWISE, 1, 20, 60, 1);
    OneLayer layer = layer("2:4");
    layer.mask = io.sparseland.core.Mask.all(layer.layer().geometry());

    assertThat(method.sparsity(.5).at(19)).isZero();
    assertThat(method.updater().due(19)).isFalse();
    assertThat(walked(method, layer, 20)).isEqualTo("10110111 11011011"); // 3:4
    assertThat(walked(method, layer, 39)).isEqualTo("10110111 11011011");
    assertThat(walked(method, layer, 40)).isEqualTo("10010101 01011010"); // 2:4
    assertThat(method.updater().due(60)).isTrue();
    assertThat(method.updater().due(61)).isFalse();
  }

  private static String walked(StructureDecay method, OneLayer layer, long step) {
    layer.step = step;
    method.updater().update(layer);
    return bits(layer.mask);
  }

  @Test
  void a_geometric_walk_needs_room_for_its_widest_group() {
    StructureDecay method = new StructureDecay(StructureDecay.Walk.GEOMETRIC, 3, 1, 60, 1);
    OneLayer layer = layer("2:4");
    layer.step = 1;

    assertThatThrownBy(() -> method.updater().update(layer))
        .hasMessageContaining("8 input channels are not divisible by the 16 of pattern 8:16");
  }

  private static final float[] Q = {
    .9f, -.1f, .2f, -.7f, -.3f, .8f, .6f, .1f, .5f, -.4f, .05f, .65f, .15f, .35f, -.95f, .25f
  };

  @Test
  void bdwp_prunes_along_inputs_forward_and_along_outputs_backward() {
    OneLayer layer = new OneLayer(manager, Pattern.parse("2:4"), 4, 4, Q).refreshed();
    WeightView view = new Bidirectional(1, false).view().orElseThrow();

    assertThat(bits(layer.mask)).isEqualTo("1001 0110 1001 0110");
    values(view.backward(layer).orElseThrow())
        .containsExactly(.9f, 0, 0, -.7f, 0, .8f, .6f, 0, .5f, -.4f, 0, .65f, 0, 0, -.95f, 0);
    assertThat(view.changesBackward()).isTrue();
    assertThat(new Bidirectional(1, true).view().orElseThrow().changesBackward()).isFalse();
  }

  @Test
  void bdwp_names_the_layer_whose_outputs_do_not_divide() {
    OneLayer layer = new OneLayer(manager, Pattern.parse("2:4"), 2, 8, W);

    assertThatThrownBy(() -> new Bidirectional(1, false).view().orElseThrow().backward(layer))
        .hasMessageContaining("outputs of layer 'linear'")
        .hasMessageContaining("2 input channels are not divisible by the 4");
  }

  private OneLayer layer(String pattern) {
    return new OneLayer(manager, Pattern.parse(pattern), 2, 8, W);
  }

  private static float[] first8(NDArray array) {
    return java.util.Arrays.copyOf(array.toFloatArray(), 8);
  }

  private static float[] change(float[] values, int index, float value) {
    float[] copy = values.clone();
    copy[index] = value;
    return copy;
  }

  private static AbstractFloatArrayAssert<?> values(NDArray array) {
    return assertThat(array.add(0f).toFloatArray()); // -0 becomes 0
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import static io.sparseland.core.Fixtures.bits;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import io.sparseland.core.Allocation;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Scores;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.schedulers.Constant;
import io.sparseland.schedulers.Cosine;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MethodsTest {

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
  void rigl_keeps_value_and_momentum_of_what_returns_and_zeroes_the_fresh() {
    FakeContext context = worked();

    new RigL(new Constant(0.5), Trigger.every(1)).updater().update(context);

    Layer layer = context.layers().get(0);
    assertThat(bits(context.mask(layer))).isEqualTo("1110 1001 1000");
    assertThat(Scores.weights(layer))
        .containsExactly(.5f, 0, -.1f, 0, .3f, 0, 0, -.8f, .05f, 0, 0, 0);
    assertThat(context.slots.get(layer))
        .containsExactly(.2f, 0, .04f, 0, -.06f, 0, 0, .1f, .09f, 0, 0, 0);
  }

  @Test
  void strict_rigl_never_regrows_what_it_dropped() {
    FakeContext context = worked();

    new RigL(new Constant(0.5), Trigger.every(1), true).updater().update(context);

    Layer layer = context.layers().get(0);
    assertThat(bits(context.mask(layer))).isEqualTo("1100 1101 0010");
    assertThat(Scores.weights(layer)).containsExactly(.5f, 0, 0, 0, .3f, 0, 0, -.8f, 0, 0, 0, 0);
  }

  @Test
  void rigl_works_on_gradients_in_place_of_the_step_until_the_cosine_ends() {
    Updater updater = new RigL(Cosine.decay(0.3, 1000), Trigger.every(100).until(2000)).updater();

    assertThat(updater.moment()).isEqualTo(Updater.Moment.AFTER_BACKWARD);
    assertThat(updater.insteadOfOptimizerStep()).isTrue();
    assertThat(updater.needs()).containsExactly(Statistic.GRADIENT);
    assertThat(IntStream.range(0, 2001).filter(updater::due))
        .containsExactly(100, 200, 300, 400, 500, 600, 700, 800, 900);
  }

  @Test
  void set_needs_no_gradient_and_leaves_the_step_alone() {
    Updater updater = new SparseEvolution(new Constant(0.3), Trigger.every(10)).updater();

    assertThat(updater.moment()).isEqualTo(Updater.Moment.AFTER_STEP);
    assertThat(updater.insteadOfOptimizerStep()).isFalse();
    assertThat(updater.needs()).containsExactly(Statistic.UNIFORM);
  }

  @Test
  void a_static_mask_is_never_due() {
    Updater updater = new Static().updater();

    assertThat(IntStream.range(0, 1000).noneMatch(updater::due)).isTrue();
    assertThat(new Static().sparsity(0.9).at(0)).isEqualTo(0.9);
  }

  @Test
  void gmp_keeps_12_6_3_2_2_of_twelve() {
    SparsityMethod gmp = new Gmp(new Trigger(0, 25, 100));
    FakeContext context = new FakeContext(manager);
    Layer layer = Fixtures.linear(manager, "w", 3, 4, Fixtures.w0());
    context.masks.put(layer, Mask.all(layer.geometry()));
    context.sparsity = gmp.sparsity(0.9);
    List<Integer> kept = new ArrayList<>();

    for (context.step = 0; context.step <= 130; context.step++) {
      if (gmp.updater().due(context.step)) {
        gmp.updater().update(context);
        kept.add(context.mask(layer).kept());
      }
    }

    assertThat(kept).containsExactly(12, 6, 3, 2, 2);
  }

  @Test
  void gmp_masks_are_nested_and_reach_the_target_at_the_last_update() {
    SparsityMethod gmp = new Gmp(new Trigger(7, 10, 95)); // last update at 87
    Random random = new Random(2);
    FakeContext context = new FakeContext(manager);
    context.allocation = Allocation.global();
    context.sparsity = gmp.sparsity(0.83);
    for (String name : List.of("a", "b", "c")) {
      Layer layer = Fixtures.linear(manager, name, 8, 12, Fixtures.tied(random, 96));
      context.masks.put(layer, Mask.all(layer.geometry()));
    }

    for (context.step = 0; context.step <= 100; context.step++) {
      if (gmp.updater().due(context.step)) {
        List<Mask> before = List.copyOf(context.masks.values());
        context.masks.keySet().forEach(layer -> jolt(layer, random, context.mask(layer)));
        gmp.updater().update(context);
        int l = 0;
        long total = 0;
        for (Mask mask : context.masks.values()) {
          assertThat(mask.isSubsetOf(before.get(l++))).isTrue();
          total += mask.kept();
        }
        double now = context.sparsity.at(context.step);
        assertThat(total).isEqualTo(288 - (long) Math.floor(now * 288 + 1e-9));
      }
    }

    assertThat(context.masks.values().stream().mapToInt(Mask::kept).sum())
        .isEqualTo(288 - 239); // floor(0.83 * 288) = 239
  }

  @Test
  void gmp_without_an_end_is_refused() {
    assertThatThrownBy(() -> new Gmp(Trigger.every(100)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs an end");
  }

  static List<SparsityMethod> dynamic() {
    Trigger when = Trigger.every(1);
    return List.of(
        new SparseEvolution(new Constant(0.3), when),
        new SparseEvolution(new Constant(0.3), when, true),
        new RigL(new Constant(0.3), when),
        new RigL(new Constant(0.3), when, true),
        new Itop(new Constant(0.3), when, Itop.Growth.GRADIENT),
        new Itop(new Constant(0.3), when, Itop.Growth.UNFIRED),
        new Mest(new Constant(0.3), when, 0.5, false));
  }

  @ParameterizedTest
  @MethodSource("dynamic")
  void counts_stay_survivors_stay_and_the_fresh_start_at_zero(SparsityMethod method) {
    Random random = new Random(4);
    FakeContext context = new FakeContext(manager);
    List<Layer> layers =
        List.of(
            Fixtures.linear(manager, "a", 9, 13, Fixtures.tied(random, 117)),
            Fixtures.linear(manager, "b", 5, 9, Fixtures.tied(random, 45)));
    Pruner.of(method.initial())
        .with(Allocation.erk())
        .prune(layers, layer -> Evidence.none(), 0.7)
        .forEach(context::replace);
    assertThat(context.masks.values().stream().mapToInt(Mask::kept).sum())
        .isEqualTo(162 - 113); // floor(0.7 * 162) = 113

    for (context.step = 1; context.step <= 30; context.step++) {
      for (Layer layer : layers) {
        jolt(layer, random, context.mask(layer));
        context.slots.put(layer, Fixtures.tied(random, layer.geometry().size()));
        context.gradients.put(layer, Fixtures.tied(random, layer.geometry().size()));
      }
      List<Mask> masks = layers.stream().map(context::mask).toList();
      List<float[]> weights = layers.stream().map(Scores::weights).toList();

      method.updater().update(context);

      for (int l = 0; l < layers.size(); l++) {
        Layer layer = layers.get(l);
        Mask mask = context.mask(layer);
        float[] now = Scores.weights(layer);
        float[] slots = requireNonNull(context.slots.get(layer));
        assertThat(mask.kept()).isEqualTo(masks.get(l).kept());
        for (int i = 0; i < now.length; i++) {
          boolean survivor = mask.get(i) && masks.get(l).get(i);
          assertThat(now[i]).isEqualTo(survivor ? weights.get(l)[i] : 0);
          if (!survivor) {
            assertThat(slots[i]).isZero();
          }
        }
      }
    }
  }

  @Test
  void the_same_seed_draws_the_same_masks_and_other_names_others() {
    float[] weights = new float[200];
    Layer a = Fixtures.linear(manager, "a", 10, 20, weights);
    Layer b = Fixtures.linear(manager, "b", 10, 20, weights);
    Pruner pruner = Pruner.of(new Static().initial()).seeded(5);

    var first = pruner.prune(List.of(a, b), layer -> Evidence.none(), 0.5);
    var again = pruner.prune(List.of(b, a), layer -> Evidence.none(), 0.5);
    var other = pruner.seeded(6).prune(List.of(a, b), layer -> Evidence.none(), 0.5);

    assertThat(again).isEqualTo(first);
    Mask ofA = requireNonNull(first.get(a));
    assertThat(bits(ofA)).isNotEqualTo(bits(requireNonNull(first.get(b))));
    assertThat(bits(ofA)).isNotEqualTo(bits(requireNonNull(other.get(a))));
  }

  @Test
  void drop_and_grow_refuses_other_patterns() {
    FakeContext context = worked();
    context.pattern = Pattern.nm(2, 4);

    assertThatThrownBy(
            () -> new RigL(new Constant(0.5), Trigger.every(1)).updater().update(context))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2:4");
  }

  private FakeContext worked() {
    FakeContext context = new FakeContext(manager);
    Layer layer =
        Fixtures.linear(
            manager, "w", 3, 4, .50f, 0, -.10f, 0, .30f, 0, 0, -.80f, .05f, 0, 0, -.20f);
    BitSet keep = new BitSet();
    IntStream.of(0, 2, 4, 7, 8, 11).forEach(keep::set);
    context.masks.put(layer, Mask.of(Geometry.linear(3, 4), Pattern.unstructured(), keep));
    context.gradients.put(
        layer,
        new float[] {.01f, -.40f, .70f, .05f, -.02f, .35f, -.10f, .03f, .60f, .15f, -.25f, .02f});
    context.slots.put(layer, new float[] {.2f, 0, .04f, 0, -.06f, 0, 0, .1f, .09f, 0, 0, -.03f});
    return context;
  }

  // other weights inside the mask, some of them exactly 0
  private static void jolt(Layer layer, Random random, Mask mask) {
    float[] weights = Fixtures.tied(random, mask.size());
    mask.fillPruned(weights, 0);
    layer.parameter().getArray().set(java.nio.FloatBuffer.wrap(weights));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import static io.sparseland.core.Fixtures.bits;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.sparseland.core.Allocation;
import io.sparseland.core.Exploration;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.schedulers.Constant;
import io.sparseland.schedulers.Stepped;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The worked cases of algorithms/sparse-training.md sections 5.5 and 6.3 to 6.10. */
class SparseToSparseTest {

  private static final Trigger EVERY = Trigger.every(1).until(100);
  private static final float[] G = {
    .01f, -.40f, .70f, .05f, -.02f, .35f, -.10f, .03f, .60f, .15f, -.25f, .02f
  };
  private static final float[] R = {
    .11f, .62f, .47f, .93f, .28f, .85f, .39f, .74f, .56f, .05f, .97f, .19f
  };

  private NDManager manager;
  private FakeContext context;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    context = new FakeContext(manager);
    context.step = 1;
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void set_grows_the_highest_of_one_draw() {
    Layer layer = worked();

    new SparseEvolution(new Constant(0.5), EVERY).updater().update(context);

    assertThat(bits(context.mask(layer))).isEqualTo("1001 1101 0010");
    assertThat(Scores.weights(layer)).containsExactly(.5f, 0, 0, 0, .3f, 0, 0, -.8f, 0, 0, 0, 0);
    assertThat(context.slots.get(layer))
        .containsExactly(.2f, 0, 0, 0, -.06f, 0, 0, .1f, 0, 0, 0, 0);
  }

  @Test
  void set_may_start_fresh_weights_at_random() {
    Layer layer = worked();

    new SparseEvolution(new Constant(0.5), EVERY, false, Fresh.NORMAL).updater().update(context);

    float[] weights = Scores.weights(layer);
    for (int i = 0; i < 12; i++) {
      boolean fresh = i == 3 || i == 5 || i == 10;
      assertThat(weights[i] != 0).isEqualTo(fresh || i == 0 || i == 4 || i == 7);
      assertThat(Math.abs(weights[i])).isLessThan(fresh ? 0.6f : 0.9f);
    }
    assertThat(requireNonNull(context.slots.get(layer))[3]).isZero();
  }

  @Test
  void itop_exchanges_three_of_six_and_counts_what_was_ever_kept() {
    Layer layer = worked();
    Updater updater = new Itop(new Constant(0.5), EVERY, Itop.Growth.GRADIENT).updater();

    updater.update(context);

    assertThat(bits(context.mask(layer))).isEqualTo("1110 1001 1000");
    assertThat(requireNonNull(context.ever.get(layer)).cardinality() / 12.0)
        .isCloseTo(0.583333, within(5e-7));
    assertThat(updater.moment()).isEqualTo(Updater.Moment.AFTER_STEP);
    assertThat(updater.insteadOfOptimizerStep()).isFalse();
  }

  @Test
  void itop_rounds_up() {
    Layer layer = worked();

    new Itop(new Constant(0.2), EVERY, Itop.Growth.RANDOM).updater().update(context);

    BitSet gone = set(0, 2, 4, 7, 8, 11);
    gone.andNot(context.mask(layer).keptSet());
    assertThat(gone).isEqualTo(set(2, 8)); // ceil(1.2) = 2
  }

  @Test
  void unfired_growth_takes_what_was_never_kept_first() {
    Layer layer = worked();
    requireNonNull(context.ever.get(layer)).or(set(3, 10, 5)); // the three highest draws

    new Itop(new Constant(0.5), EVERY, Itop.Growth.UNFIRED).updater().update(context);

    BitSet grown = context.mask(layer).keptSet();
    grown.andNot(set(0, 4, 7));
    assertThat(grown).isEqualTo(set(1, 6, 9)); // never kept, although their draws are lower
  }

  @Test
  void momentum_shares_are_five_sixths_and_one_sixth() {
    assertThat(Reallocation.proportional(new double[] {.2, .04}, 5, new double[] {4.95, 7.92}))
        .containsExactly(4, 1);
    assertThat(Reallocation.proportional(new double[] {.2, .04}, 6, new double[] {4.95, 7.92}))
        .containsExactly(4, 2); // 5 are wanted, 4 fit
    assertThat(Reallocation.proportional(new double[] {0, 0}, 4, new double[] {9, 9}))
        .containsExactly(2, 2);
    assertThat(Reallocation.proportional(new double[] {3, 1, 1}, 8, new double[] {2, 9, 3.5}))
        .containsExactly(2, 3, 3);
    assertThatThrownBy(() -> Reallocation.proportional(new double[] {1}, 5, new double[] {4.9}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void snfs_moves_weights_to_the_layer_with_more_momentum() {
    Layer a = layer("a", new float[] {.5f, .1f, .3f, 0, 0, 0, 0, 0}, 0, 1, 2);
    Layer b = layer("b", new float[] {.4f, .2f, .6f, .1f, 0, 0, 0, 0}, 0, 1, 2, 3);
    context.slots.put(a, new float[] {.2f, .2f, -.2f, .9f, 0, .8f, .7f, 0});
    context.slots.put(b, new float[] {.04f, .04f, -.04f, .04f, .01f, .02f, 0, 0});

    new SparseMomentum(new Constant(0.5), EVERY).updater().update(context);

    // 2 of 3 and 2 of 4 go; 4 come back: 3.33 and 0.67, so 3 and 1
    assertThat(bits(context.mask(a))).isEqualTo("10010110");
    assertThat(bits(context.mask(b))).isEqualTo("11100000"); // 1 returns with momentum .04
    assertThat(Scores.weights(b)).containsExactly(.4f, .2f, .6f, 0, 0, 0, 0, 0);
    assertThat(context.slots.get(a)).containsExactly(.2f, 0, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void snfs_fills_no_layer_to_the_last_place() {
    float[] strong = {.1f, .2f, .3f, 0, 0, 0, 0, 0};
    Layer a = layer("a", strong, 0, 1, 2);
    float[] weak = new float[20];
    Arrays.fill(weak, 0, 14, .5f);
    Layer b = layer("b", weak, IntStream.range(0, 14).toArray());
    context.slots.put(a, new float[] {1, 1, 1, 1, 1, 1, 1, 1});
    context.slots.put(b, new float[20]);

    new SparseMomentum(new Constant(0.5), EVERY).updater().update(context);

    // 2 and 6 of 14 go (no more are free); a wants all 8, has room for 7 and takes 0.99 of it
    assertThat(context.mask(a).kept()).isEqualTo(1 + 6);
    assertThat(context.mask(b).kept()).isEqualTo(8 + 2);
  }

  @ParameterizedTest
  @CsvSource({"0.08, 2, 0.16", "0.08, 4, 0.08", "0.08, 5, 0.04"})
  void dsr_controls_its_threshold(double threshold, long dropped, double next) {
    assertThat(BelowThreshold.next(threshold, dropped, 4)).isCloseTo(next, within(1e-12));
  }

  @Test
  void dsr_spreads_growth_by_survivors_and_bars_the_dropped() {
    Layer a = layer("a", new float[] {.5f, -.05f, .2f, .01f, -.3f, 0, 0, 0, 0}, 0, 1, 2, 3, 4);
    Layer b = layer("b", new float[] {.02f, .6f, -.07f, .09f, 0, 0, 0, 0, 0}, 0, 1, 2, 3);

    new DynamicReparameterization(new Constant(4 / 9.0), EVERY, 0.08).updater().update(context);

    for (Layer layer : List.of(a, b)) {
      BitSet gone = layer.equals(a) ? set(1, 3) : set(0, 2);
      BitSet stayed = layer.equals(a) ? set(0, 2, 4) : set(1, 3);
      BitSet grown = context.mask(layer).keptSet();
      assertThat(grown.intersects(gone)).isFalse();
      grown.andNot(stayed);
      assertThat(grown.cardinality()).isEqualTo(2); // of 2.4 and 1.6
    }
    assertThat(context.memory()).containsEntry(BelowThreshold.THRESHOLD, 0.08); // 4 went, as wanted
  }

  @Test
  void dsr_takes_twice_as_long_from_each_of_its_times_on() {
    var updater =
        new DynamicReparameterization(
                step -> 0.1, Trigger.every(100).until(5000), 0.001, List.of(300L, 1000L))
            .updater();

    List<Long> due = LongStream.rangeClosed(0, 2000).filter(updater::due).boxed().toList();

    assertThat(due).containsExactly(100L, 200L, 300L, 500L, 700L, 900L, 1300L, 1700L);
  }

  @Test
  void dsr_spares_the_largest_weight_of_a_layer() {
    Layer a = layer("a", new float[] {.01f, .03f, .02f, 0, 0, 0}, 0, 1, 2);

    new DynamicReparameterization(new Constant(0.5), EVERY, 1).updater().update(context);

    assertThat(context.mask(a).get(1)).isTrue();
    assertThat(context.mask(a).kept()).isEqualTo(3);
    assertThat(context.memory()).containsEntry(BelowThreshold.THRESHOLD, 0.5);
  }

  @Test
  void mest_weighs_the_gradient_in() {
    Layer layer = worked();

    new Mest(new Constant(0.34), EVERY, 0.5, false).updater().update(context);

    assertThat(bits(context.mask(layer))).isEqualTo("1011 0001 1010");
  }

  @Test
  void mest_grows_first_and_judges_newcomers_at_the_next_update() {
    Layer layer = worked();
    Updater updater = new Mest(new Constant(0.17), EVERY, 0.5, true).updater();

    float[] before = Scores.weights(layer);
    updater.update(context);
    assertThat(bits(context.mask(layer))).isEqualTo("1010 1001 1011");
    assertThat(Scores.weights(layer)).isEqualTo(before); // growing changes no output

    context.step = 2;
    context.gradients.put(layer, new float[12]);
    updater.update(context);
    assertThat(bits(context.mask(layer))).isEqualTo("1010 1001 1001"); // 10 is still 0
  }

  @Test
  void mest_that_grows_first_ends_at_its_target() {
    Layer layer = worked();
    Updater updater =
        new Mest(new Stepped(List.of(0.5, 0.25), List.of(4L)), Trigger.every(1).until(7), 0, true)
            .updater();
    List<Integer> kept = new ArrayList<>();

    for (context.step = 1; context.step <= 7; context.step++) {
      updater.update(context);
      kept.add(context.mask(layer).kept());
    }

    assertThat(kept).containsExactly(9, 6, 9, 6, 7, 6, 6);
    assertThatThrownBy(() -> new Mest(new Constant(0.1), Trigger.every(5), 0, true))
        .hasMessageContaining("needs an end");
  }

  @Test
  void mest_never_needs_the_gradient_of_a_pruned_weight() {
    assertThat(new Mest(new Constant(0.3), EVERY, 0.5, false).updater().readsPrunedGradients())
        .isFalse();
    assertThat(new Mest(new Constant(0.3), EVERY, 0.5, true).updater().needs())
        .containsExactly(Statistic.GRADIENT);
    assertThat(new RigL(new Constant(0.3), EVERY).updater().readsPrunedGradients()).isTrue();
  }

  @Test
  void granet_prunes_globally_and_regenerates_in_each_layer() {
    Layer a = layer("a", new float[] {.9f, -.05f, .3f, .12f, -.6f, 0}, 0, 1, 2, 3, 4, 5);
    Layer b = layer("b", new float[] {.2f, -.45f, .02f, .07f}, 0, 1, 2, 3);
    context.gradients.put(a, new float[] {.01f, .4f, .02f, .3f, 0, .5f});
    context.gradients.put(b, new float[] {.05f, .01f, .7f, .2f});
    context.allocation = Allocation.global();
    context.sparsity = step -> 0.5;

    new GraNet(0, new Constant(0.5), EVERY, 50).updater().update(context);

    assertThat(bits(context.mask(a))).isEqualTo("11 00 01");
    assertThat(bits(context.mask(b))).isEqualTo("0110");
    assertThat(Scores.weights(a)).containsExactly(.9f, 0, 0, 0, 0, 0);
    assertThat(Scores.weights(b)).containsExactly(0, -.45f, 0, 0);
  }

  @Test
  void granet_follows_its_ramp_and_regenerates_beyond_it() {
    GraNet granet = new GraNet(0.5, new Constant(0.5), Trigger.every(10).until(100), 60);

    assertThat(granet.sparsity(0.9).at(10)).isEqualTo(0.5);
    assertThat(granet.sparsity(0.9).at(35)).isCloseTo(0.85, within(1e-12));
    assertThat(granet.sparsity(0.9).at(60)).isEqualTo(0.9);
    assertThat(granet.updater().due(100)).isTrue();
    assertThatThrownBy(() -> granet.sparsity(0.4)).hasMessageContaining("above its target");
    assertThatThrownBy(() -> new GraNet(0, new Constant(0.5), Trigger.every(10).until(100), 101))
        .hasMessageContaining("not after the last (100)");
  }

  @Test
  void top_kast_uses_three_and_lets_six_learn() {
    float[] theta = {.5f, .12f, -.1f, .03f, .3f, -.25f, .07f, -.8f, .05f, .15f, -.02f, -.2f};
    Layer layer = layer("w", theta, IntStream.range(0, 12).toArray());
    context.sparsity = step -> 0.75;
    Exploration loss = new Exploration(0.01, Exploration.Form.L2);

    new TopKast(0.5, EVERY, 0.01, Exploration.Form.L2).updater().update(context);

    Mask used = context.mask(layer);
    Mask learning = requireNonNull(context.learning.get(layer));
    assertThat(used.keptSet()).isEqualTo(set(0, 4, 7));
    assertThat(learning.keptSet()).isEqualTo(set(0, 4, 5, 7, 9, 11));
    assertThat(loss.loss(theta, used, learning)).isCloseTo(.0074, within(5e-5));
    assertThat(new Exploration(0.01, Exploration.Form.L1).loss(theta, used, learning))
        .isCloseTo(.01 * (1.6 + .6 / .25), within(1e-7));
  }

  @Test
  void top_kast_refuses_to_use_what_does_not_learn() {
    layer("w", new float[] {1, 2, 3, 4}, 0, 1, 2, 3);
    context.sparsity = step -> 0.5;

    assertThatThrownBy(
            () -> new TopKast(0.75, EVERY, 0, Exploration.Form.L2).updater().update(context))
        .hasMessageContaining("backward sparsity 0.75 is above the target 0.5");
  }

  @Test
  void dsl_never_cuts_a_row_off() {
    float[] w = {.01f, .02f, 0, 0, .5f, .6f, 0, 0, .7f, .8f, 0, 0};
    Layer table = layer("users", w, 0, 1, 4, 5, 8, 9);
    context.gradients.put(
        table, new float[] {0, 0, 0, 0, .1f, .1f, .9f, .8f, .1f, .1f, .7f, .6f}); // not the first
    Updater updater = new SparseEmbedding(new Constant(0.5), EVERY, 3).updater();

    updater.update(context);

    // 3 of 6 go: 0, 4 and 8, for 1 is the best of its row; 6, 7 and 10 come
    assertThat(bits(context.mask(table))).isEqualTo("0100 0111 0110");
    assertThat(updater.gradientBatches()).isEqualTo(3);
  }

  @Test
  void reallocation_keeps_the_number_in_all_layers_on_random_ties() {
    Random random = new Random(8);
    for (Updater updater :
        List.of(
            new SparseMomentum(new Constant(0.4), EVERY).updater(),
            new DynamicReparameterization(new Constant(0.2), EVERY, 0.5).updater())) {
      context = new FakeContext(manager);
      Layer a = layer("a", new float[40], IntStream.range(0, 30).toArray());
      Layer b = layer("b", new float[60], IntStream.range(0, 11).toArray());
      for (context.step = 1; context.step <= 60; context.step++) {
        for (Layer layer : List.of(a, b)) {
          float[] weights = Fixtures.tied(random, layer.geometry().size());
          context.mask(layer).fillPruned(weights, 0);
          layer.parameter().getArray().set(java.nio.FloatBuffer.wrap(weights));
          context.slots.put(layer, Fixtures.tied(random, weights.length));
        }
        updater.update(context);
        assertThat(context.mask(a).kept() + context.mask(b).kept()).isEqualTo(41);
        assertThat(context.mask(a).kept()).isPositive();
      }
    }
  }

  private Layer worked() {
    float[] w = {.50f, 0, -.10f, 0, .30f, 0, 0, -.80f, .05f, 0, 0, -.20f};
    Layer layer = layer("w", w, 0, 2, 4, 7, 8, 11);
    context.gradients.put(layer, G);
    context.slots.put(layer, new float[] {.2f, 0, .04f, 0, -.06f, 0, 0, .1f, .09f, 0, 0, -.03f});
    context.uniform.put(layer, R);
    return layer;
  }

  private Layer layer(String name, float[] weights, int... kept) {
    int rows = weights.length % 3 == 0 ? 3 : 1;
    Layer layer = Fixtures.linear(manager, name, rows, weights.length / rows, weights);
    BitSet keep = set(kept);
    context.masks.put(
        layer, Mask.of(Geometry.linear(rows, weights.length / rows), Pattern.unstructured(), keep));
    context.ever.put(layer, set(kept));
    return layer;
  }

  private static BitSet set(int... indices) {
    BitSet set = new BitSet();
    Arrays.stream(indices).forEach(set::set);
    return set;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static io.sparseland.core.Fixtures.bits;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Allocation;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Geometry;
import io.sparseland.core.Global;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Mask;
import io.sparseland.core.MethodCatalogue;
import io.sparseland.core.MethodEntry;
import io.sparseland.core.MethodTags;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Scope;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CriteriaTest {

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
  void magnitude_by_layer_row_and_group() {
    Pruner magnitude = Pruner.of(new Magnitude());

    assertThat(bits(prune(magnitude, w0(), Evidence.none(), 0.5))).isEqualTo("1101 1010 0001");
    assertThat(bits(prune(magnitude.within(Scope.ROW), w0(), Evidence.none(), 0.5)))
        .isEqualTo("1100 1010 0011");
    assertThat(bits(prune(magnitude.with(Pattern.nm(2, 4)), w0(), Evidence.none(), 0.5)))
        .isEqualTo("1100 1010 0011");
  }

  @Test
  void global_magnitude_breaks_the_tie_of_two_layers_against_the_earlier() {
    Layer w0 = w0();
    Layer v0 = Fixtures.linear(manager, "v0", 2, 2, .05f, -.15f, .25f, .6f);

    Map<Layer, Mask> masks =
        Pruner.of(new Magnitude())
            .with(new Global(0))
            .prune(List.of(w0, v0), layer -> Evidence.none(), 0.5);

    assertThat(bits(requireNonNull(masks.get(w0)))).isEqualTo("1111 1010 0001");
    assertThat(bits(requireNonNull(masks.get(v0)))).isEqualTo("00 01");
  }

  @Test
  void saliency_is_weight_times_gradient() {
    // |w g| = .09 .24 .07 .8 ...
    float[] gradient = {.1f, .2f, .1f, -1, 0, 0, 0, 0, 0, 0, 0, 0};

    assertThat(Scores.of(new Saliency(), w0(), gradient(gradient)))
        .containsExactly(
            new float[] {.09f, .24f, .07f, .8f, 0, 0, 0, 0, 0, 0, 0, 0}, within(1e-7f));
  }

  @Test
  void gradient_magnitude_does_not_look_at_the_weight() {
    float[] gradient = {-3, 2, 0, 1, 4, -5, 6, -7, 8, 9, 10, 11};

    assertThat(Scores.of(new GradientMagnitude(), w0(), gradient(gradient)))
        .containsExactly(3, 2, 0, 1, 4, 5, 6, 7, 8, 9, 10, 11);
  }

  @Test
  void random_masks_have_exact_counts_and_no_memory_of_the_order_of_layers() {
    Layer layer = Fixtures.linear(manager, "w", 25, 40, new float[1000]);

    Mask mask = prune(Pruner.of(new Random()).seeded(3), layer, Evidence.none(), 0.29);

    assertThat(mask.kept()).isEqualTo(710);
    assertThat(prune(Pruner.of(new Random()).seeded(3), layer, Evidence.none(), 0.29))
        .isEqualTo(mask);
    assertThat(prune(Pruner.of(new Random()).seeded(4), layer, Evidence.none(), 0.29))
        .isNotEqualTo(mask);
  }

  static List<Criterion> criteria() {
    return List.of(
        new Magnitude(), new Random(), new Wanda(), new Saliency(), new GradientMagnitude());
  }

  @ParameterizedTest
  @MethodSource("criteria")
  void counts_are_exact_for_every_pattern_and_masks_nested_in_sparsity(Criterion criterion) {
    var random = new java.util.Random(21);
    Layer layer = Fixtures.linear(manager, "w", 8, 16, Fixtures.tied(random, 128));
    float[] means = new float[16];
    for (int i = 0; i < 16; i++) {
      means[i] = random.nextInt(3);
    }
    Evidence evidence =
        Evidence.of(
            Map.of(
                Statistic.GRADIENT,
                manager.create(Fixtures.tied(random, 128), new Shape(8, 16)),
                Statistic.INPUT_MEAN_SQUARE,
                manager.create(means)),
            1);
    Pruner pruner = Pruner.of(criterion);

    // by hand: 128 weights, rows of 16, 32 blocks 4x1 (8 a row of blocks would be 16), 8 rows
    assertThat(prune(pruner.within(Scope.LAYER), layer, evidence, 0.3).kept()).isEqualTo(90);
    assertThat(prune(pruner.within(Scope.ROW), layer, evidence, 0.3).kept()).isEqualTo(8 * 12);
    assertThat(prune(pruner.with(Pattern.nm(1, 4)), layer, evidence, 0.75).kept()).isEqualTo(32);
    assertThat(
            prune(pruner.with(Pattern.block(4, 1)).within(Scope.LAYER), layer, evidence, 0.3)
                .kept())
        .isEqualTo(128 - 4 * 9); // floor(0.3 * 32) = 9
    assertThat(prune(pruner.with(Pattern.row()), layer, evidence, 0.3).kept())
        .isEqualTo(128 - 16 * 2); // floor(0.3 * 8) = 2
    assertThat(prune(pruner.with(Pattern.channel()), layer, evidence, 0.3).kept())
        .isEqualTo(128 - 8 * 4); // floor(0.3 * 16) = 4
    Mask before = Mask.all(layer.geometry());
    for (double sparsity : new double[] {0, 0.1, 0.35, 0.5, 0.9, 1}) {
      Mask mask = prune(pruner, layer, evidence, sparsity);
      assertThat(mask.isSubsetOf(before)).isTrue();
      before = mask;
    }
    assertThat(before.kept()).isZero();
  }

  @Test
  void permuting_rows_permutes_the_mask_and_scaling_leaves_it() {
    var random = new java.util.Random(5);
    float[] w = new float[60];
    float[] permuted = new float[60];
    float[] scaled = new float[60];
    for (int i = 0; i < 60; i++) {
      w[i] = (float) random.nextGaussian();
      scaled[i] = 8 * w[i];
    }
    for (int o = 0; o < 6; o++) {
      System.arraycopy(w, (o + 2) % 6 * 10, permuted, o * 10, 10);
    }
    Pruner pruner = Pruner.of(new Magnitude());

    Mask mask = prune(pruner, Fixtures.linear(manager, "w", 6, 10, w), Evidence.none(), 0.45);
    Mask other =
        prune(pruner, Fixtures.linear(manager, "w", 6, 10, permuted), Evidence.none(), 0.45);

    assertThat(IntStream.range(0, 60))
        .allMatch(i -> other.get(i) == mask.get((i / 10 + 2) % 6 * 10 + i % 10));
    assertThat(prune(pruner, Fixtures.linear(manager, "w", 6, 10, scaled), Evidence.none(), 0.45))
        .isEqualTo(mask);
  }

  @Test
  void a_convolution_is_scored_as_a_matrix() {
    Shape shape = new Shape(2, 4, 1, 2);
    float[] w = {4, 1, 3, 2, 2, 3, 1, 4, 4, 1, 3, 2, 2, 3, 1, 4};
    Layer layer =
        Fixtures.layer(
            manager, "conv", LayerType.CONVOLUTION, Geometry.convolution(shape, 1), shape, w);

    assertThat(
            bits(
                prune(
                    Pruner.of(new Magnitude()).with(Pattern.nm(2, 4)),
                    layer,
                    Evidence.none(),
                    0.5)))
        .isEqualTo("10100101 10100101");
  }

  @Test
  void what_is_pruned_stays_pruned_though_its_weight_is_large() {
    Layer layer = Fixtures.linear(manager, "w", 1, 6, 9, 1, 8, 2, 7, 3);
    Mask present =
        Mask.of(layer.geometry(), Pattern.unstructured(), new long[] {0b111010}); // 0 and 2 gone

    Mask mask =
        requireNonNull(
            Pruner.of(new Magnitude())
                .prune(List.of(layer), any -> Evidence.none(), 0.5, any -> present)
                .get(layer));

    assertThat(bits(mask)).isEqualTo("000111");
  }

  @Test
  void more_sparsity_than_the_pattern_has_is_refused() {
    assertThatThrownBy(
            () ->
                prune(
                    Pruner.of(new Magnitude()).with(Pattern.nm(2, 4)), w0(), Evidence.none(), 0.6))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("sparsity is 0.6, but pattern 2:4 prunes 0.5 at most");
  }

  @Test
  void an_indivisible_layer_is_named_before_anything_is_scored() {
    Layer layer = Fixtures.linear(manager, "odd", 1, 3, Float.NaN, 1, 1);

    assertThatThrownBy(
            () ->
                prune(
                    Pruner.of(new Magnitude()).with(Pattern.nm(2, 4)), layer, Evidence.none(), 0.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("layer odd: 3 input channels are not divisible by the 4");
  }

  @Test
  void the_remainder_of_a_row_may_stay_dense() {
    Layer layer = Fixtures.linear(manager, "odd", 1, 5, 1, 4, 2, 3, 0);

    Mask mask =
        prune(
            Pruner.of(new Magnitude()).with(Pattern.parse("2:4+dense")),
            layer,
            Evidence.none(),
            0.5);

    assertThat(bits(mask)).isEqualTo("01011");
  }

  @Test
  void scope_and_allocation_must_agree() {
    assertThatThrownBy(
            () ->
                new Pruner(
                    new Magnitude(), Pattern.unstructured(), Allocation.uniform(), Scope.GLOBAL, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("scope GLOBAL does not go with allocation Uniform[]");
  }

  @Test
  void every_method_is_in_the_catalogue_with_its_tags() {
    MethodCatalogue catalogue = MethodCatalogue.load();

    assertThat(catalogue.methods().stream().map(MethodEntry::name))
        .contains(
            "gmp", "gradient", "magnitude", "random", "rigl", "saliency", "set", "static", "wanda");
    assertThat(catalogue.get("wanda").type()).isEqualTo(Wanda.class);
    assertThat(catalogue.get("wanda").isCriterion()).isTrue();
    assertThat(catalogue.get("rigl").isCriterion()).isFalse();
    assertThat(catalogue.get("rigl").tags().flow()).isEqualTo(MethodTags.Flow.SPARSE_TO_SPARSE);
    assertThatThrownBy(() -> catalogue.get("wonda"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("no method is called 'wonda'; nearest: 'wanda'");
  }

  @Test
  void two_methods_of_one_name_are_refused() {
    assertThatThrownBy(() -> MethodCatalogue.of(List.of(new Pruners(), new Pruners())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("two methods are called 'random'");
  }

  private static Mask prune(Pruner pruner, Layer layer, Evidence evidence, double sparsity) {
    return requireNonNull(pruner.prune(List.of(layer), any -> evidence, sparsity).get(layer));
  }

  private Layer w0() {
    return Fixtures.linear(manager, "w0", 3, 4, Fixtures.w0());
  }

  private Evidence gradient(float[] values) {
    return Evidence.of(Map.of(Statistic.GRADIENT, manager.create(values, new Shape(3, 4))), 1);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static io.sparseland.core.Fixtures.bits;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Scope;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The worked case of algorithms/post-training.md section 3, and an fp64 twin. */
class WandaTest {

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
  void scores_are_weight_times_norm_up_to_the_root_of_the_token_count() {
    double[] expected = {
      2.623928, 0.982242, 2.070628, 2.227106, 2.040833, 0.327414, 4.437060, 0.556776, 0.291548,
      0.409268, 1.774824, 3.062270
    };

    float[] scores = Scores.of(new Wanda(), w0(), x0());

    for (int i = 0; i < expected.length; i++) {
      assertThat(scores[i] * Math.sqrt(6)).isCloseTo(expected[i], within(1e-5 * expected[i]));
    }
  }

  @Test
  void rows_compete_within_themselves() {
    assertThat(bits(prune(Pruner.of(new Wanda()), w0(), x0(), 0.5))).isEqualTo("1001 1010 0011");
  }

  @Test
  void two_of_four_and_one_of_two() {
    Pruner wanda = Pruner.of(new Wanda());

    assertThat(bits(prune(wanda.with(Pattern.nm(2, 4)), w0(), x0(), 0.5)))
        .isEqualTo("1001 1010 0011");
    assertThat(bits(prune(wanda.with(Pattern.nm(1, 2)), w0(), x0(), 0.5)))
        .isEqualTo("1001 1010 0101");
  }

  @Test
  void layer_scope_compares_rows() {
    assertThat(bits(prune(Pruner.of(new Wanda()).within(Scope.LAYER), w0(), x0(), 0.5)))
        .isEqualTo("1011 1010 0001");
  }

  @Test
  void eight_columns_with_a_tie_in_the_first_group() {
    Layer layer = Fixtures.linear(manager, "w", 1, 8, .3f, -.6f, .2f, .9f, -.1f, .4f, -.8f, .5f);
    float[] norms = {2, 1, 4, .5f, 3, 1, .25f, 2};
    float[] squares = new float[8];
    for (int i = 0; i < 8; i++) {
      squares[i] = norms[i] * norms[i];
    }
    Evidence evidence = inputs(squares);

    // scores .6 .6 .8 .45 .3 .4 .2 1; in fp32 .3 * 2 and .6 * 1 are equal too
    assertThat(bits(prune(Pruner.of(new Wanda()).with(Pattern.nm(2, 4)), layer, evidence, 0.5)))
        .isEqualTo("01100101");
    assertThat(bits(prune(Pruner.of(new Wanda()).with(Pattern.nm(4, 8)), layer, evidence, 0.5)))
        .isEqualTo("11100001");
    assertThat(bits(prune(Pruner.of(new Wanda()), layer, evidence, 0.5))).isEqualTo("11100001");
  }

  @Test
  void the_error_on_the_calibration_data_is_that_of_the_specification() {
    float[] w = Fixtures.w0();
    Mask mask = prune(Pruner.of(new Wanda()), w0(), x0(), 0.5);
    double error = 0;
    for (float[] x : Fixtures.x0()) {
      for (int o = 0; o < 3; o++) {
        double lost = 0;
        for (int i = 0; i < 4; i++) {
          lost += mask.get(4 * o + i) ? 0 : (double) x[i] * w[4 * o + i];
        }
        error += lost * lost;
      }
    }

    assertThat(error).isCloseTo(7.094, within(1e-5));
  }

  @Test
  void a_dead_input_goes_first_in_every_row() {
    Layer layer = Fixtures.linear(manager, "w", 2, 4, 1, 9, 1, 1, 2, 9, 3, 4);

    Mask mask = prune(Pruner.of(new Wanda()), layer, inputs(1, 0, 1, 1), 0.25);

    assertThat(bits(mask)).isEqualTo("1011 1011");
  }

  @Test
  void groups_of_a_convolution_have_their_own_inputs() {
    Geometry g = Geometry.convolution(new Shape(4, 1, 1, 2), 2);
    Layer layer =
        Fixtures.layer(
            manager,
            "conv",
            LayerType.CONVOLUTION,
            g,
            new Shape(4, 1, 1, 2),
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1);
    Evidence evidence =
        Evidence.of(
            Map.of(
                Statistic.INPUT_MEAN_SQUARE,
                manager.create(new float[] {4, 1, 1, 4}, new Shape(2, 2))),
            1);

    assertThat(bits(prune(Pruner.of(new Wanda()), layer, evidence, 0.5))).isEqualTo("10 10 01 01");
  }

  @Test
  void agrees_with_an_fp64_twin_on_random_layers() {
    Random random = new Random(12);
    for (int trial = 0; trial < 40; trial++) {
      int out = 1 + random.nextInt(8);
      int in = 2 + random.nextInt(30);
      float[] w = gaussian(random, out * in);
      float[] squares = gaussian(random, in);
      for (int i = 0; i < in; i++) {
        squares[i] *= squares[i];
      }
      double sparsity = random.nextDouble();
      int k = (int) Math.floor(sparsity * in + 1e-9);

      Mask mask =
          prune(
              Pruner.of(new Wanda()),
              Fixtures.linear(manager, "w", out, in, w),
              inputs(squares),
              sparsity);

      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          int lower = 0; // weights of the row with a smaller score
          for (int j = 0; j < in; j++) {
            lower += twin(w[o * in + j], squares[j]) < twin(w[o * in + i], squares[i]) ? 1 : 0;
          }
          assertThat(mask.get(o * in + i)).isEqualTo(lower >= k);
        }
      }
    }
  }

  @Test
  void equal_norms_give_row_magnitude_and_scaled_inputs_the_same_mask() {
    Random random = new Random(8);
    float[] w = Fixtures.tied(random, 96);
    Layer layer = Fixtures.linear(manager, "w", 8, 12, w);
    float[] squares = new float[12];
    float[] larger = new float[12];
    float[] ones = new float[12];
    for (int i = 0; i < 12; i++) {
      squares[i] = 1 + random.nextInt(9);
      larger[i] = 16 * squares[i]; // norms times 4: exact in fp32
      ones[i] = 1;
    }
    Pruner wanda = Pruner.of(new Wanda());

    Mask byMagnitude =
        prune(Pruner.of(new Magnitude()).within(Scope.ROW), layer, Evidence.none(), 0.4);
    assertThat(prune(wanda, layer, inputs(ones), 0.4)).isEqualTo(byMagnitude);
    assertThat(prune(wanda, layer, inputs(larger), 0.4))
        .isEqualTo(prune(wanda, layer, inputs(squares), 0.4));
  }

  @Test
  void permuting_columns_permutes_the_mask() {
    Random random = new Random(9);
    int in = 10;
    float[] w = gaussian(random, 3 * in);
    float[] squares = new float[in];
    float[] permuted = new float[3 * in];
    float[] permutedSquares = new float[in];
    for (int i = 0; i < in; i++) {
      squares[i] = random.nextFloat() + 0.1f;
    }
    for (int i = 0; i < in; i++) {
      int from = (3 * i + 2) % in;
      permutedSquares[i] = squares[from];
      for (int o = 0; o < 3; o++) {
        permuted[o * in + i] = w[o * in + from];
      }
    }
    Pruner wanda = Pruner.of(new Wanda());

    Mask mask = prune(wanda, Fixtures.linear(manager, "w", 3, in, w), inputs(squares), 0.5);
    Mask other =
        prune(wanda, Fixtures.linear(manager, "w", 3, in, permuted), inputs(permutedSquares), 0.5);

    for (int o = 0; o < 3; o++) {
      for (int i = 0; i < in; i++) {
        assertThat(other.get(o * in + i)).isEqualTo(mask.get(o * in + (3 * i + 2) % in));
      }
    }
  }

  @Test
  void a_weight_that_is_no_number_is_refused_by_layer_and_index() {
    Layer layer = Fixtures.linear(manager, "encoder.0", 1, 4, 1, 2, Float.NaN, 4);

    assertThatThrownBy(() -> prune(Pruner.of(new Wanda()), layer, inputs(1, 1, 1, 1), 0.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("layer encoder.0 at index 2 is NaN");
  }

  @Test
  void missing_statistics_are_named() {
    assertThatThrownBy(() -> prune(Pruner.of(new Wanda()), w0(), Evidence.none(), 0.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("layer w0: Wanda[] needs statistic INPUT_MEAN_SQUARE, which was not collected");
  }

  private static double twin(double weight, double square) {
    return Math.abs(weight) * Math.sqrt(square);
  }

  private static float[] gaussian(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static Mask prune(Pruner pruner, Layer layer, Evidence evidence, double sparsity) {
    return requireNonNull(pruner.prune(List.of(layer), any -> evidence, sparsity).get(layer));
  }

  private Layer w0() {
    return Fixtures.linear(manager, "w0", 3, 4, Fixtures.w0());
  }

  private Evidence x0() {
    float[] mean = new float[4];
    for (float[] x : Fixtures.x0()) {
      for (int i = 0; i < 4; i++) {
        mean[i] += x[i] * x[i] / 6;
      }
    }
    return inputs(mean);
  }

  private Evidence inputs(float... meanSquares) {
    return Evidence.of(Map.of(Statistic.INPUT_MEAN_SQUARE, manager.create(meanSquares)), 6);
  }
}

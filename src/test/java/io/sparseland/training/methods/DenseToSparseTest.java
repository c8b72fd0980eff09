// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import static io.sparseland.core.Fixtures.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.WeightView;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The worked examples of algorithms/sparse-training.md sections 5.4 and 5.6 to 5.9. */
class DenseToSparseTest {

  private static final Offset<Float> EXACT = Offset.offset(1e-6f);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  // --- STR

  @Test
  void str_shrinks_by_the_sigmoid_of_s_and_trains_it() {
    OneLayer layer = one(.5f, -.08f, -.3f, .02f, .11f);
    layer.own = manager.create(new float[] {-2});
    NDArray gradient = layer.array(.2f, -.4f, .1f, .3f, -.5f);
    WeightView view = new SoftThreshold(-2, 0).view().orElseThrow();

    assertThat(view.effective(layer).toFloatArray())
        .containsExactly(new float[] {.380797f, 0, -.180797f, 0, 0}, EXACT);
    assertThat(view.gradient(layer, gradient).add(0f).toFloatArray())
        .containsExactly(.2f, 0, .1f, 0, 0);
    assertThat(view.ownGradient(layer, gradient).toFloatArray())
        .containsExactly(new float[] {-.010499f}, EXACT);
    assertThat(view.emergent(layer).orElseThrow().toFloatArray()).containsExactly(1, 0, 1, 0, 0);
  }

  @Test
  void str_decay_draws_s_to_0_and_a_very_low_s_prunes_nothing() {
    OneLayer layer = one(.5f, -.08f, -.3f, .02f, .11f);
    layer.own = manager.create(new float[] {-3200});
    WeightView view = new SoftThreshold(-3200, .01).view().orElseThrow();

    assertThat(view.effective(layer).toFloatArray()).containsExactly(layer.weights());
    assertThat(view.ownGradient(layer, layer.zeros()).toFloatArray()).containsExactly(-32f);
    assertThat(SoftThreshold.sigmoid(-3200)).isZero();
    assertThat(SoftThreshold.sigmoid(3200)).isEqualTo(1);
    assertThat(SoftThreshold.sigmoid(-2)).isCloseTo(.119203, within(1e-6));
  }

  @Test
  void str_gradients_agree_with_central_differences_in_fp64() {
    Random random = new Random(5);
    double[] weights = random.doubles(40, -1, 1).toArray();
    double[] pull = random.doubles(40, -1, 1).toArray(); // the loss is sum of pull * w~
    WeightView view = new SoftThreshold(-.5, 0).view().orElseThrow();
    Doubles at = new Doubles(weights, -.5);
    NDArray gradient = manager.create(pull, new Shape(1, 40));

    double[] dw = view.gradient(at, gradient).toDoubleArray();
    double ds = view.ownGradient(at, gradient).toDoubleArray()[0];

    double h = 1e-6;
    double numeric =
        (loss(view, new Doubles(weights, -.5 + h), pull)
                - loss(view, new Doubles(weights, -.5 - h), pull))
            / (2 * h);
    assertThat(ds).isCloseTo(numeric, within(1e-6 * Math.abs(numeric)));
    for (int i = 0; i < weights.length; i++) {
      double[] up = weights.clone();
      double[] down = weights.clone();
      up[i] += h;
      down[i] -= h;
      double slope =
          (loss(view, new Doubles(up, -.5), pull) - loss(view, new Doubles(down, -.5), pull))
              / (2 * h);
      assertThat(dw[i]).isCloseTo(slope, within(1e-6));
    }
  }

  @Test
  void str_prunes_no_less_at_a_higher_s_and_gives_exact_zeros() {
    OneLayer layer = one(.5f, -.08f, -.3f, .02f, .11f);
    WeightView view = new SoftThreshold(0, 0).view().orElseThrow();
    int before = 0;
    for (float s = -6; s <= 2; s += .5f) {
      layer.own = manager.create(new float[] {s});
      int zeros = 0;
      for (float w : view.effective(layer).toFloatArray()) {
        zeros += w == 0 ? 1 : 0;
      }
      assertThat(zeros).isGreaterThanOrEqualTo(before);
      before = zeros;
    }
    assertThat(before).isEqualTo(5);
  }

  private double loss(WeightView view, Doubles at, double[] pull) {
    return view.effective(at).mul(manager.create(pull, new Shape(1, 40))).sum().getDouble();
  }

  private final class Doubles implements WeightView.Operand {
    private final OneLayer rest = one(new float[40]);
    private final NDArray weights;
    private final NDArray s;

    Doubles(double[] weights, double s) {
      this.weights = manager.create(weights, new Shape(1, 40));
      this.s = manager.create(new double[] {s});
    }

    @Override
    public Layer layer() {
      return rest.layer();
    }

    @Override
    public Pattern pattern() {
      return rest.pattern();
    }

    @Override
    public NDArray weight() {
      return weights;
    }

    @Override
    public NDArray keep() {
      return weights.onesLike().toType(DataType.FLOAT64, false);
    }

    @Override
    public NDArray own() {
      return s;
    }

    @Override
    public long step() {
      return 0;
    }
  }

  // --- ISS-P

  @Test
  void iss_p_shrinks_exactly_the_weights_a_mask_would_prune() {
    OneLayer layer = one(.5f, -.1f, .3f, .2f, -.8f, .05f);
    SoftShrinkage method = new SoftShrinkage(.95, 1, 10);
    layer.sparsity = method.sparsity(.5);
    layer.step = 3;

    method.penalty().orElseThrow().afterStep(layer);

    assertThat(layer.weights())
        .containsExactly(new float[] {.5f, -.095f, .3f, .19f, -.8f, .0475f}, EXACT);
    assertThat(layer.weights()[0]).isEqualTo(.5f);
    assertThat(layer.mask.kept()).isEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({"10, .598737", "50, .076945", "100, .005921"})
  void iss_p_decays_what_stays_lowest(int steps, double factor) {
    OneLayer layer = one(1, .5f);
    SoftShrinkage method = new SoftShrinkage(.95, 1, 1000);
    layer.sparsity = method.sparsity(.5);
    for (layer.step = 1; layer.step <= steps; layer.step++) {
      method.penalty().orElseThrow().afterStep(layer);
    }

    assertThat(layer.weights()[1]).isCloseTo((float) (.5 * factor), within(1e-6f));
  }

  @Test
  void iss_p_prunes_at_its_end_and_shrinks_no_more() {
    OneLayer layer = one(.5f, -.1f, .3f, .2f, -.8f, .05f);
    SoftShrinkage method = new SoftShrinkage(.95, 1, 10);
    layer.sparsity = method.sparsity(.5);
    layer.step = 10;

    method.penalty().orElseThrow().afterStep(layer);
    method.updater().update(layer);

    assertThat(layer.weights()).containsExactly(.5f, -.1f, .3f, .2f, -.8f, .05f);
    assertThat(bits(layer.mask)).isEqualTo("101010");
    assertThat(method.updater().due(9)).isFalse();
    assertThat(method.updater().due(10)).isTrue();
  }

  // --- WGSEF

  @ParameterizedTest
  @CsvSource({
    "3 1 .5 2, 1 1 1 1, 2, .5, 1 .166667 0 .833333, 2 .25 0 1.25",
    "3 1 .5 2, 1 1 1 1, 2, 4, 1 0 0 1, .6 0 0 .4",
    "5 4 .5 .3, 1 1 1 1, 2, .5, 1 1 0 0, 3.333333 2.666667 0 0",
    "3 1 2, 4 2 2, 1, .25, .699057 0 .300943, 1.234315 0 .751472"
  })
  void prox_of_the_envelope(
      String norms, String weights, int k, double lambda, String u, String expected) {
    double[] d = numbers(weights);
    double[] shares = Envelope.shares(numbers(norms), d, k, lambda);

    assertThat(shares).containsExactly(numbers(u), Offset.offset(1e-6));
    assertThat(Arrays.stream(shares).sum()).isCloseTo(k, within(1e-9));
    assertThat(scaled(numbers(norms), d, shares, lambda))
        .containsExactly(numbers(expected), Offset.offset(1e-6));
  }

  @Test
  void with_room_for_all_groups_the_prox_divides_by_one_plus_lambda() {
    double[] t = {3, 0, 2};
    double[] d = {1, 1, 1};

    double[] x = scaled(t, d, Envelope.shares(t, d, 3, .5), .5);

    assertThat(x).containsExactly(new double[] {2, 0, 4 / 3.0}, Offset.offset(1e-12));
  }

  @Test
  void no_random_change_of_the_prox_has_a_lower_objective() {
    double[] t = {3, 1, .5, 2};
    double[] d = {1, 1, 1, 1};
    double[] x = scaled(t, d, Envelope.shares(t, d, 2, .5), .5);
    double best = objective(x, t, .5, 2);
    Random random = new Random(3);

    assertThat(best).isCloseTo(2.75, within(1e-6));
    for (int i = 0; i < 10_000; i++) {
      double[] other = x.clone();
      for (int j = 0; j < other.length; j++) {
        other[j] = Math.max(0, other[j] + .1 * random.nextGaussian());
      }
      assertThat(objective(other, t, .5, 2)).isGreaterThanOrEqualTo(best - 1e-6);
    }
  }

  @Test
  void the_envelope_shrinks_whole_rows() {
    // rows of norms 3, 1, .5, 2; k = 2, lambda .5: 2, .25, 0, 1.25
    OneLayer layer = new OneLayer(manager, Pattern.row(), 4, 2, 3, 0, 0, -1, .3f, .4f, 1.2f, 1.6f);
    GroupEnvelope method = new GroupEnvelope(.5, 1, 10);
    layer.sparsity = method.sparsity(.5);
    layer.step = 1;

    method.penalty().orElseThrow().afterStep(layer);

    assertThat(layer.weights())
        .containsExactly(new float[] {2, 0, 0, -.25f, 0, 0, .75f, 1}, Offset.offset(1e-5f));
    layer.step = 10;
    method.updater().update(layer);
    assertThat(bits(layer.mask)).isEqualTo("11 00 00 11");
  }

  /** 1/2 |x - t|^2 + lambda S_k(x), the envelope by its definition on a fine grid of its dual. */
  private static double objective(double[] x, double[] t, double lambda, int k) {
    double distance = 0;
    for (int j = 0; j < x.length; j++) {
      distance += (x[j] - t[j]) * (x[j] - t[j]) / 2;
    }
    return distance + lambda * envelope(x, k);
  }

  /** For given x the best u is min(1, c |x_j|) with the c that makes them add up to k. */
  private static double envelope(double[] x, int k) {
    double low = 0;
    double high = 1e9;
    for (int i = 0; i < 100; i++) {
      double c = (low + high) / 2;
      double sum = 0;
      for (double each : x) {
        sum += Math.min(1, c * each);
      }
      if (sum > k) {
        high = c;
      } else {
        low = c;
      }
    }
    double value = 0;
    for (double each : x) {
      double u = Math.min(1, low * each);
      value += each == 0 ? 0 : each * each / u / 2;
    }
    return value;
  }

  @Test
  void the_envelope_itself_has_its_published_value() {
    // S_2([3, 1, .5, 2]) = 10.5625, by an independent route
    assertThat(envelope(new double[] {3, 1, .5, 2}, 2)).isCloseTo(10.5625, within(1e-6));
  }

  private static double[] scaled(double[] t, double[] d, double[] u, double lambda) {
    double[] x = new double[t.length];
    for (int j = 0; j < t.length; j++) {
      x[j] = u[j] == 0 ? 0 : t[j] * u[j] / (lambda * d[j] + u[j]);
    }
    return x;
  }

  // --- popup scores

  @Test
  void popup_scores_start_scaled_and_follow_g_w_sign_s() {
    OneLayer layer = one(.3f, -.6f, .1f, .05f);
    Popup method = new Popup(true, 1);
    WeightView view = method.view().orElseThrow();
    layer.own = layer.array(view.own(layer.layer()));
    layer.sparsity = at -> .5;

    method.updater().update(layer);
    NDArray gradient = layer.array(.5f, -.2f, .4f, .3f);

    assertThat(layer.own.toFloatArray())
        .containsExactly(new float[] {.612372f, -1.224745f, .204124f, .102062f}, EXACT);
    assertThat(bits(layer.mask)).isEqualTo("1100");
    assertThat(view.ownGradient(layer, gradient).toFloatArray())
        .containsExactly(new float[] {.15f, -.12f, .04f, .015f}, EXACT);
    assertThat(view.gradient(layer, gradient).toFloatArray()).containsOnly(0);
    assertThat(new Popup(false, 1).view().orElseThrow().gradient(layer, gradient).toFloatArray())
        .containsExactly(.5f, -.2f, 0, 0);
  }

  // --- AC/DC

  @Test
  void ac_dc_has_the_sixteen_phases_of_its_paper() {
    AcDc method = new AcDc(10, 5, 75, 85);

    assertThat(method.plan(100))
        .isEqualTo(
            "D0-10 S10-15 D15-20 S20-25 D25-30 S30-35 D35-40 S40-45 D45-50 S50-55 D55-60 S60-65"
                + " D65-70 S70-75 D75-85 S85-100");
    long sparse = java.util.stream.LongStream.range(0, 100).filter(method::sparse).count();
    assertThat(sparse).isEqualTo(50);
  }

  @Test
  void ac_dc_prunes_drops_the_mask_and_empties_the_slots() {
    OneLayer layer = one(.5f, -.1f, .3f, .2f);
    AcDc method = new AcDc(10, 5, 20, 30);
    layer.sparsity = method.sparsity(.5);

    layer.step = 10;
    assertThat(method.updater().due(10)).isTrue();
    method.updater().update(layer);
    assertThat(bits(layer.mask)).isEqualTo("1010");
    assertThat(layer.resets).isZero();
    assertThat(method.updater().due(12)).isFalse();

    layer.step = 15;
    assertThat(method.updater().due(15)).isTrue();
    method.updater().update(layer);
    assertThat(layer.mask).isEqualTo(Mask.all(layer.layer().geometry()));
    assertThat(layer.resets).isEqualTo(1);
  }

  @Test
  void phases_in_the_wrong_order_are_refused() {
    assertThatThrownBy(() -> new AcDc(10, 5, 5, 30))
        .hasMessageContaining("allowed: 1 <= begin < until < end");
    assertThatThrownBy(() -> new AcDc(10, 0, 20, 30)).hasMessageContaining("allowed: 1 or more");
  }

  private OneLayer one(float... weights) {
    return new OneLayer(manager, Pattern.unstructured(), 1, weights.length, weights);
  }

  private static double[] numbers(String text) {
    return Arrays.stream(text.split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
  }
}

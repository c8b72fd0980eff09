// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Allocation;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.WeightView;
import io.sparseland.schedulers.dynamic.Static;
import io.sparseland.training.methods.AdaptiveTrainer;
import io.sparseland.training.methods.StraightThrough;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rates, clipping, snapshots, a changed AdamW, and what is left when training fails. */
class SteppingTest {

  private static final OptimizerSettings SGD = new OptimizerSettings.Sgd(0.05, 0.9, 0);

  @Test
  void a_linear_rate_warms_up_and_ends_at_0() {
    RateSchedule rate = new RateSchedule.Linear(10, 110);

    assertThat(rate.at(0)).isEqualTo(.1);
    assertThat(rate.at(9)).isEqualTo(1);
    assertThat(rate.at(10)).isEqualTo(1);
    assertThat(rate.at(60)).isEqualTo(.5);
    assertThat(rate.at(110)).isZero();
    assertThat(rate.at(200)).isZero();
  }

  @Test
  void a_cosine_rate_is_halfway_between_at_half_time() {
    RateSchedule rate = new RateSchedule.Cosine(0, .1, 100);

    assertThat(rate.at(0)).isEqualTo(1);
    assertThat(rate.at(50)).isCloseTo(.55, within(1e-12));
    assertThat(rate.at(100)).isCloseTo(.1, within(1e-12));
    assertThat(new RateSchedule.Drops(.1, 30).at(60)).isCloseTo(.01, within(1e-12));
  }

  @Test
  void allr_starts_where_what_was_lost_says() {
    // |w|^2 100 -> 81: d = sqrt(19 / 100); s = .5; 10 of 100 epochs; top rate .1: .061644
    double d = Math.sqrt(.19);

    assertThat(.1 * RateSchedule.adaptive(d, .5, .1)).isCloseTo(.061644, within(1e-6));
    assertThat(RateSchedule.adaptive(.001, .5, .1)).isEqualTo(.1);
    assertThat(RateSchedule.adaptive(.9, .5, .1)).isEqualTo(1);
  }

  @Test
  void the_rate_is_that_of_the_step() {
    // at a rate of 0 from step 20 on nothing moves any more
    try (Model model = Nets.mlp(5, 8, 8, 3)) {
      List<float[]> weights = new ArrayList<>();
      TrainHooks hooks =
          new TrainHooks() {
            @Override
            public void progress(TrainProgress progress) {
              weights.add(Nets.weights(model, "linear.0"));
            }
          };
      Stepping stepping = Stepping.plain().with(step -> step < 20 ? 1 : 0);
      OptimizerSettings plain = new OptimizerSettings.Sgd(0.05, 0, 0);
      TrainLoop.run(
          model,
          Nets.blobs(200, 8, 3, 1),
          new TrainPlan(plain, 2, 10, 17, List.of(), stepping),
          hooks);

      assertThat(weights.get(19)).isNotEqualTo(weights.get(18));
      assertThat(weights.get(39)).isEqualTo(weights.get(19));
    }
  }

  @ParameterizedTest
  @CsvSource({"NORM, 2.5, 1.5 0 -2", "NORM, 6, 3 0 -4", "VALUE, 2.5, 2.5 0 -2.5"})
  void clipping_works_on_both_sides_of_0(Clip.By by, double most, String expected) {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray first = manager.create(new float[] {3, 0});
      NDArray second = manager.create(new float[] {-4}); // norm 5 together

      new Clip(by, most).clip(List.of(first, second));

      assertThat(first.toFloatArray()[0] + " 0 " + second.toFloatArray()[0])
          .isEqualTo(numbers(expected));
    }
  }

  private static String numbers(String text) {
    String[] parts = text.split(" ", -1);
    return Float.parseFloat(parts[0]) + " 0 " + Float.parseFloat(parts[2]);
  }

  @Test
  void a_clipped_training_moves_no_further_than_the_clip_allows() {
    try (Model model = Nets.mlp(5, 8, 8, 3)) {
      float[] before = Nets.weights(model, "linear.0");
      OptimizerSettings plain = new OptimizerSettings.Sgd(1, 0, 0);
      Stepping stepping = Stepping.plain().with(new Clip(Clip.By.NORM, .001));
      TrainLoop.run(
          model,
          Nets.blobs(10, 8, 3, 1),
          new TrainPlan(plain, 1, 10, 17, List.of(), stepping),
          TrainHooks.none());
      float[] after = Nets.weights(model, "linear.0");
      double moved = 0;
      for (int i = 0; i < after.length; i++) {
        moved += Math.pow(after[i] - before[i], 2);
      }

      assertThat(Math.sqrt(moved)).isPositive().isLessThan(.00101); // rate 1 times the norm
    }
  }

  @Test
  void a_soup_of_models_with_one_mask_keeps_it() {
    try (Model model = line(.4f, 0, -.2f, 0)) {
      Snapshot one = Snapshot.of(model);
      set(model, .2f, 0, -.6f, 0);
      Snapshot other = Snapshot.of(model);

      Snapshot.mean(List.of(one, other)).restore(model);

      assertThat(Nets.weights(model, "linear.0"))
          .containsExactly(new float[] {.3f, 0, -.4f, 0}, Offset.offset(1e-7f));
      Snapshot.mean(List.of(other, other, other)).restore(model);
      assertThat(Nets.weights(model, "linear.0")).containsExactly(.2f, 0, -.6f, 0);
    }
  }

  @Test
  void ast_puts_the_decay_into_the_direction_and_the_second_moment() {
    // two steps by hand: section 7.6; lambda .01 at step 1, .02 at step 2
    float[] w = {.9f, -.1f, .2f, -.7f};
    try (Model model = line(w)) {
      NDArray weight = Nets.parameter(model, "linear.0").getArray().stopGradient();
      NDManager manager = model.getNDManager();
      AdaptiveTrainer method = new AdaptiveTrainer(.02, 2, 10);
      DirectedAdamW adam =
          new DirectedAdamW(
              new DirectedAdamW.Settings(.1, .9, .95, 1e-8),
              method.penalty().orElseThrow(),
              weight,
              manager);
      NDArray mask = manager.create(new float[] {1, 0, 0, 1}, new Shape(1, 4));

      adam.step(
          operand(model, weight, mask, 1), weight, gradient(manager, .5f, -1, .2f, .1f), .001);
      assertThat(weight.toFloatArray())
          .containsExactly(new float[] {.88991f, -.08999f, .18998f, -.70993f}, near());
      adam.step(
          operand(model, weight, mask, 2), weight, gradient(manager, -.3f, .4f, .1f, -.2f), .001);
      assertThat(weight.toFloatArray())
          .containsExactly(new float[] {.887659f, -.086559f, .183867f, -.704358f}, near());
    }
    assertThat(new AdaptiveTrainer(6e-5, 10_000, 10).lambda(2500)).isCloseTo(1.5e-5, within(1e-12));
    assertThat(new AdaptiveTrainer(6e-5, 10_000, 10).lambda(20_000)).isCloseTo(6e-5, within(1e-12));
  }

  private static WeightView.Operand operand(Model model, NDArray weight, NDArray mask, long step) {
    return new WeightView.Operand() {
      @Override
      public Layer layer() {
        return Nets.layer(model, "linear.0");
      }

      @Override
      public Pattern pattern() {
        return Pattern.nm(2, 4);
      }

      @Override
      public NDArray weight() {
        return weight;
      }

      @Override
      public NDArray keep() {
        return mask;
      }

      @Override
      public NDArray own() {
        return weight;
      }

      @Override
      public long step() {
        return step;
      }
    };
  }

  @Test
  void a_failed_training_says_the_step_and_leaves_weights_and_masks_of_the_one_before() {
    Examples good = Nets.blobs(40, 8, 3, 1);
    float[] inputs = new float[40 * 8];
    float[] labels = new float[40];
    good.gather(null, 0, 40, java.nio.FloatBuffer.wrap(inputs), java.nio.FloatBuffer.wrap(labels));
    int[] order = good.order(17, 0);
    inputs[order[25] * 8] = Float.NaN; // in the third batch of ten
    Examples bad = Examples.of(inputs, new Shape(8), labels);
    for (boolean viewed : new boolean[] {true, false}) {
      try (Model model = Nets.mlp(5, 8, 8, 3)) {
        Sparsity sparsity =
            viewed
                ? Sparsity.of(new StraightThrough()).pattern(Pattern.nm(2, 4))
                : Sparsity.of(new Static());
        List<float[]> weights = new ArrayList<>();
        TrainHooks hooks =
            new TrainHooks() {
              @Override
              public void progress(TrainProgress progress) {
                weights.add(Nets.weights(model, "linear.0"));
              }
            };
        TrainPlan plan =
            new TrainPlan(SGD, 1, 10, 17, List.of(sparsity.at(.5, Allocation.uniform())));

        assertThatThrownBy(() -> TrainLoop.run(model, bad, plan, hooks))
            .isInstanceOfSatisfying(
                TrainingFailure.class,
                failure -> {
                  assertThat(failure.step()).isEqualTo(2);
                  Mask mask = Objects.requireNonNull(failure.masks().byLayer().get("linear.0"));
                  assertThat(mask.kept()).isEqualTo(32);
                })
            .hasMessageContaining("training stopped at step 2");
        assertThat(Nets.weights(model, "linear.0")).isEqualTo(weights.get(1));
      }
    }
  }

  @Test
  void stored_masks_of_another_model_are_refused() {
    Mask other = Mask.all(io.sparseland.core.Geometry.linear(4, 4));
    Sparsity sparsity =
        Sparsity.of(new StraightThrough())
            .at(.5, Allocation.uniform())
            .on(Nets.only("linear.0"))
            .startingFrom(new io.sparseland.core.Masks(java.util.Map.of("linear.0", other)));
    try (Model model = Nets.mlp(5, 8, 8, 3)) {
      TrainPlan plan = new TrainPlan(SGD, 1, 10, 17, List.of(sparsity));

      assertThatThrownBy(
              () -> TrainLoop.run(model, Nets.blobs(20, 8, 3, 1), plan, TrainHooks.none()))
          .hasMessageContaining("the mask of layer 'linear.0' is for");
    }
  }

  @Test
  void numbers_out_of_range_are_refused() {
    assertThatThrownBy(() -> new Stepping(0, Optional.empty(), step -> 1))
        .hasMessageContaining("allowed: 1 or more");
    assertThatThrownBy(() -> new Clip(Clip.By.NORM, 0)).hasMessageContaining("allowed: above 0");
    assertThatThrownBy(() -> new RateSchedule.Linear(10, 10))
        .hasMessageContaining("allowed: 0 <= warm_up < end");
  }

  private static NDArray gradient(NDManager manager, float... values) {
    return manager.create(values, new Shape(1, 4));
  }

  private static Offset<Float> near() {
    return Offset.offset(1e-5f);
  }

  private static Model line(float... weights) {
    Model model = Nets.mlp(1, weights.length, 1);
    set(model, weights);
    return model;
  }

  private static void set(Model model, float... weights) {
    NDArray weight = Nets.parameter(model, "linear.0").getArray();
    weight.toByteBuffer(true).asFloatBuffer().put(weights);
  }
}

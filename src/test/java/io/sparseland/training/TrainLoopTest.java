// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Allocation;
import io.sparseland.core.Mask;
import io.sparseland.core.Trigger;
import io.sparseland.models.Mlp;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.dynamic.RigL;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TrainLoopTest {

  private static final Examples DATA = Nets.blobs(205, 8, 4, 3); // 20 batches of 10, one of 5
  private static final OptimizerSettings ADAM = new OptimizerSettings.Adam(0.01, 0);

  @Test
  void learns_a_sparse_classifier() {
    try (Model model = fresh()) {
      Sparsity rigl = rigl();
      TrainPlan plan = new TrainPlan(ADAM, 8, 10, 17, List.of(rigl));

      TrainResult result = TrainLoop.run(model, DATA, plan, TrainHooks.none());

      assertThat(TrainLoop.accuracy(model, DATA, 64)).isGreaterThan(0.95);
      assertThat(result.steps()).isEqualTo(8 * 21).isEqualTo(plan.steps(205));
      assertThat(result.stopped()).isFalse();
      assertThat(result.loss()).isBetween(0.0, 0.3);
      assertThat(result.updates()).isNotEmpty();
      Mask mask = Objects.requireNonNull(result.masks().byLayer().get("linear.0"));
      assertThat(mask.kept()).isEqualTo(64); // 8 * 32 / 4
      float[] weights = Nets.weights(model, "linear.0");
      for (int i = 0; i < weights.length; i++) {
        assertThat(mask.get(i) || weights[i] == 0).isTrue();
      }
    }
  }

  @Test
  void same_seed_gives_the_same_bits_and_another_does_not() {
    float[] first = trained(17);

    assertThat(trained(17)).containsExactly(first);
    assertThat(trained(18)).isNotEqualTo(first);
  }

  @Test
  void reports_every_step() {
    List<TrainProgress> seen = new ArrayList<>();
    TrainHooks hooks =
        new TrainHooks() {
          @Override
          public void progress(TrainProgress progress) {
            seen.add(progress);
          }
        };
    try (Model model = fresh()) {
      TrainLoop.run(model, DATA, new TrainPlan(ADAM, 2, 10, 1, List.of()), hooks);
    }

    assertThat(seen).hasSize(42).allMatch(p -> p.steps() == 42 && p.loss() > 0);
    assertThat(seen).extracting(TrainProgress::step).startsWith(1L, 2L).endsWith(41L, 42L);
    assertThat(seen.get(20).epoch()).isZero();
    assertThat(seen.get(21).epoch()).isEqualTo(1);
  }

  @Test
  void stops_cleanly_when_asked() {
    TrainHooks hooks =
        new TrainHooks() {
          private int asked;

          @Override
          public boolean stop() {
            return asked++ == 5;
          }
        };
    try (Model model = fresh()) {
      TrainResult result =
          TrainLoop.run(model, DATA, new TrainPlan(ADAM, 2, 10, 1, List.of(rigl())), hooks);

      assertThat(result.stopped()).isTrue();
      assertThat(result.steps()).isEqualTo(5);
      assertThat(Objects.requireNonNull(result.masks().byLayer().get("linear.0")).kept())
          .isEqualTo(64);
    }
  }

  @Test
  void a_loss_that_is_not_a_number_stops_at_its_step_with_the_weights_of_the_last() {
    float[] inputs = new float[40 * 8];
    inputs[25 * 8] = Float.NaN;
    Examples bad = Examples.of(inputs, new Shape(8), new float[40]);
    List<float[]> weights = new ArrayList<>();
    try (Model model = fresh()) {
      TrainHooks hooks =
          new TrainHooks() {
            @Override
            public void progress(TrainProgress progress) {
              weights.add(Nets.weights(model, "linear.0"));
            }
          };
      TrainPlan plan = new TrainPlan(ADAM, 1, 10, 1, List.of());

      assertThatThrownBy(() -> TrainLoop.run(model, bad, plan, hooks))
          .isInstanceOfSatisfying(
              TrainingFailure.class,
              failure -> {
                assertThat(failure.step()).isEqualTo(weights.size());
                assertThat(failure.what()).isEqualTo("the loss is NaN");
              });
      if (!weights.isEmpty()) {
        assertThat(Nets.weights(model, "linear.0")).isEqualTo(weights.get(weights.size() - 1));
      }
    }
  }

  @Test
  void weights_that_run_away_stop_training() {
    try (Model model = fresh()) {
      TrainPlan plan =
          new TrainPlan(new OptimizerSettings.Sgd(1e5, 0.9, 0), 5, 10, 1, List.of(rigl()));

      assertThatThrownBy(() -> TrainLoop.run(model, DATA, plan, TrainHooks.none()))
          .isInstanceOf(TrainingFailure.class)
          .hasMessageContaining("training stopped at step ");
    }
  }

  @Test
  void arrays_stay_the_same_in_number() {
    try (Model model = fresh()) {
      NDManager manager = model.getNDManager();
      Set<Integer> counts = new HashSet<>();
      TrainHooks hooks =
          new TrainHooks() {
            @Override
            public void progress(TrainProgress progress) {
              if (progress.step() > 30) { // slots, masks and the short batch are there by then
                counts.add(count(manager));
              }
            }
          };

      TrainLoop.run(model, DATA, new TrainPlan(ADAM, 15, 10, 1, List.of(rigl())), hooks);

      assertThat(counts).hasSize(1);
    }
  }

  @Test
  void accuracy_counts_matches_in_short_batches_too() {
    try (Model model = Nets.mlp(1, 2, 2)) {
      Nets.parameter(model, "linear.0")
          .getArray()
          .toByteBuffer(true)
          .asFloatBuffer()
          .put(new float[] {1, 0, 0, 1}); // the identity: predicts the larger input
      float[] inputs = {3, 1, 1, 3, 2, 2, 5, 4, 4, 5};
      Examples five = Examples.of(inputs, new Shape(2), new float[] {0, 1, 0, 1, 0});

      // right: first three (a tie takes class 0); wrong: the last two
      assertThat(TrainLoop.accuracy(model, five, 2)).isEqualTo(0.6);
    }
  }

  private static int count(NDManager manager) {
    return manager.getManagedArrays().size() + engineArrays(manager);
  }

  /** Arrays of the engine's root: whatever leaks out of sub-managers. */
  private static int engineArrays(NDManager manager) {
    return manager.getParentManager().getManagedArrays().size();
  }

  private static Sparsity rigl() {
    return Sparsity.of(new RigL(Cosine.decay(0.3, 120), Trigger.every(10).until(120)))
        .at(0.75, Allocation.uniform())
        .seed(3);
  }

  private static float[] trained(long seed) {
    try (Model model = fresh()) {
      TrainLoop.run(
          model, DATA, new TrainPlan(ADAM, 2, 10, seed, List.of(rigl())), TrainHooks.none());
      return Nets.weights(model, "linear.0");
    }
  }

  private static Model fresh() {
    Model model = Model.newInstance("test", "PyTorch");
    model.setBlock(new Mlp(List.of(8, 32, 4)).get());
    return model;
  }
}

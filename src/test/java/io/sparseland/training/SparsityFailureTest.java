// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.sparseland.core.Allocation;
import io.sparseland.schedulers.dynamic.Static;
import org.junit.jupiter.api.Test;

class SparsityFailureTest {

  private static final Sparsity HALF =
      Sparsity.of(new Static()).at(0.5, Allocation.uniform()).on(Nets.everyLinear());

  @Test
  void refuses_an_optimizer_whose_state_it_cannot_reset() {
    Optimizer nag =
        Optimizer.nag().setLearningRateTracker(Tracker.fixed(0.1f)).setMomentum(0.9f).build();

    assertThatThrownBy(() -> copy().wrap(nag)).hasMessageContaining("Nag");
  }

  @Test
  void refuses_a_method_without_a_sparsity() {
    assertThatThrownBy(() -> Sparsity.of(new Static()).wrap(Nets.sgd()))
        .hasMessageContaining("has no sparsity: call at(...)");
  }

  @Test
  void overlapping_selectors_change_nothing() {
    try (Model model = Nets.mlp(1, 4, 5, 2)) {
      Sparsity both = copy().and(copy().on(Nets.only("linear.1")));
      float[] before = Nets.weights(model, "linear.0");

      assertThatThrownBy(() -> model.newTrainer(with(both)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'linear.1' is selected twice");
      assertThat(Nets.weights(model, "linear.0")).isEqualTo(before);
    }
  }

  @Test
  void refuses_a_frozen_layer() {
    try (Model model = Nets.mlp(1, 4, 5, 2)) {
      Nets.parameter(model, "linear.0").freeze(true);

      assertThatThrownBy(() -> model.newTrainer(with(copy())))
          .hasMessageContaining("'linear.0' is frozen");
    }
  }

  @Test
  void refuses_masks_of_another_shape() {
    try (Model small = Nets.mlp(1, 4, 5, 2);
        Model large = Nets.mlp(1, 4, 6, 2)) {
      Sparsity first = copy();
      small.newTrainer(with(first)).close();

      assertThatThrownBy(() -> large.newTrainer(with(Sparsity.holding(first.masks()))))
          .hasMessageContaining("the mask of layer 'linear.0' is for");
    }
  }

  @Test
  void says_so_when_the_optimizer_is_not_wrapped() {
    try (Model model = Nets.mlp(1, 4, 5, 2)) {
      DefaultTrainingConfig config = Nets.config().addTrainingListeners(copy().listener());

      assertThatThrownBy(() -> model.newTrainer(config))
          .hasMessageContaining("config.optOptimizer(sparsity.wrap(optimizer))");
    }
  }

  @Test
  void says_so_when_the_listener_is_missing() throws Exception {
    try (Model model = Nets.mlp(1, 4, 5, 2);
        Trainer trainer = model.newTrainer(Nets.config().optOptimizer(copy().wrap(Nets.sgd())))) {
      Batch batch = firstBatch(model, trainer, 4);
      EasyTrain.trainBatch(trainer, batch);

      assertThatThrownBy(trainer::step).hasMessageContaining("sparsity.listener()");
    }
  }

  @Test
  void goes_with_one_trainer() {
    try (Model model = Nets.mlp(1, 4, 5, 2)) {
      Sparsity sparsity = copy();
      DefaultTrainingConfig config = with(sparsity);
      model.newTrainer(config).close();

      assertThatThrownBy(() -> sparsity.wrap(Nets.sgd())).hasMessageContaining("make a new one");
      assertThatThrownBy(() -> model.newTrainer(config)).hasMessageContaining("make a new one");
    }
  }

  @Test
  void there_are_no_masks_before_training() {
    assertThatThrownBy(() -> copy().masks()).hasMessageContaining("before training begins");
  }

  @Test
  void gradients_may_be_accumulated_over_batches() throws Exception {
    try (Model model = Nets.mlp(1, 4, 5, 2)) {
      Sparsity sparsity = copy();
      try (Trainer trainer = model.newTrainer(with(sparsity))) {
        Batch batch = firstBatch(model, trainer, 4);
        EasyTrain.trainBatch(trainer, batch);
        EasyTrain.trainBatch(trainer, batch);
        float[] before = Nets.weights(model, "linear.0");
        trainer.step();

        assertThat(Nets.weights(model, "linear.0")).isNotEqualTo(before);
      }
    }
  }

  @Test
  void stops_at_predictions_that_are_not_numbers() throws Exception {
    try (Model model = Nets.mlp(1, 4, 5, 2);
        Trainer trainer = model.newTrainer(with(copy()))) {
      EasyTrain.fit(
          trainer, 1, Nets.dataset(model.getNDManager(), Nets.blobs(12, 4, 2, 1), 4), null);
      Nets.parameter(model, "linear.1").getArray().muli(Float.NaN);
      float[] before = Nets.weights(model, "linear.0");

      assertThatThrownBy(() -> EasyTrain.trainBatch(trainer, firstBatch(model, trainer, 4)))
          .isInstanceOfSatisfying(
              TrainingFailure.class, failure -> assertThat(failure.step()).isEqualTo(3))
          .hasMessageStartingWith("training stopped at step 3: the predictions contain NaN");
      assertThat(Nets.weights(model, "linear.0")).isEqualTo(before);
    }
  }

  private static Sparsity copy() {
    return HALF.seed(1);
  }

  private static DefaultTrainingConfig with(Sparsity sparsity) {
    return Nets.config()
        .optOptimizer(sparsity.wrap(Nets.sgd()))
        .addTrainingListeners(sparsity.listener());
  }

  private static Batch firstBatch(Model model, Trainer trainer, int inputs) throws Exception {
    return trainer
        .iterateDataset(Nets.dataset(model.getNDManager(), Nets.blobs(8, inputs, 2, 1), 8))
        .iterator()
        .next();
  }
}

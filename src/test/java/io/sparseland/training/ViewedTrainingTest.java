// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.optimizer.Optimizer;
import io.sparseland.core.Allocation;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.SparsityMethod;
import io.sparseland.training.methods.AcDc;
import io.sparseland.training.methods.Bidirectional;
import io.sparseland.training.methods.GroupEnvelope;
import io.sparseland.training.methods.MaskDecay;
import io.sparseland.training.methods.Popup;
import io.sparseland.training.methods.SoftShrinkage;
import io.sparseland.training.methods.SoftThreshold;
import io.sparseland.training.methods.StraightThrough;
import io.sparseland.training.methods.StructureDecay;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Methods with views and penalties in whole trainings. */
class ViewedTrainingTest {

  private static final OptimizerSettings SGD = new OptimizerSettings.Sgd(0.05, 0.9, 0);
  private static final int STEPS = 60; // 3 epochs of 20

  static Stream<Arguments> methods() {
    Pattern half = Pattern.nm(2, 4);
    MaskDecay.Decay linear = MaskDecay.Decay.LINEAR;
    return Stream.of(
        Arguments.of(new StraightThrough(), half, .5, 32),
        Arguments.of(new StraightThrough(.01, 1), half, .5, 32),
        Arguments.of(new MaskDecay(linear, 1, 40, MaskDecay.Flow.SCALED, 1), half, .5, 32),
        Arguments.of(new StructureDecay(StructureDecay.Walk.STEPWISE, 1, 10, 40, 1), half, .5, 32),
        Arguments.of(new Bidirectional(1, false), half, .5, 32),
        Arguments.of(new Popup(true, 1), Pattern.unstructured(), .75, 16),
        Arguments.of(new Popup(false, 1), Pattern.unstructured(), .75, 16),
        Arguments.of(new StraightThrough(), Pattern.unstructured(), .75, 16),
        Arguments.of(new SoftShrinkage(.95, 1, 40), Pattern.unstructured(), .75, 16),
        Arguments.of(new GroupEnvelope(.01, 1, 40), Pattern.row(), .5, 32),
        Arguments.of(new AcDc(10, 10, 30, 45), Pattern.unstructured(), .75, 16));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("methods")
  void trains_to_the_promised_count_and_leaves_exact_zeros(
      SparsityMethod method, Pattern pattern, double sparsity, int kept) {
    Examples data = Nets.blobs(200, 8, 3, 1);
    try (Model model = Nets.mlp(5, 8, 8, 3)) {
      TrainResult result =
          TrainLoop.run(
              model, data, plan(method, pattern, sparsity, Stepping.plain()), TrainHooks.none());

      Mask mask = Objects.requireNonNull(result.masks().byLayer().get("linear.0"));
      assertThat(mask.kept()).isEqualTo(kept);
      assertThat(mask.pattern()).isEqualTo(pattern);
      float[] weights = Nets.weights(model, "linear.0");
      int wrong = 0;
      int zeros = 0;
      for (int i = 0; i < weights.length; i++) {
        wrong += !mask.get(i) && weights[i] != 0 ? 1 : 0;
        zeros += mask.get(i) && weights[i] == 0 ? 1 : 0;
      }
      assertThat(wrong).isZero();
      assertThat(zeros).isZero();
      assertThat(result.steps()).isEqualTo(STEPS);
      assertThat(TrainLoop.accuracy(model, data, 50)).isGreaterThan(.85);
    }
  }

  @Test
  void a_threshold_is_learned_and_its_sparsity_becomes_the_mask() {
    Examples data = Nets.blobs(200, 8, 3, 1);
    try (Model model = Nets.mlp(5, 8, 8, 3)) {
      SoftThreshold method = new SoftThreshold(-4, .2);
      TrainResult result =
          TrainLoop.run(
              model, data, plan(method, Pattern.unstructured(), 0, Stepping.plain()), none());

      Mask mask = Objects.requireNonNull(result.masks().byLayer().get("linear.0"));
      float[] weights = Nets.weights(model, "linear.0");
      for (int i = 0; i < weights.length; i++) {
        assertThat(weights[i] != 0).isEqualTo(mask.get(i));
      }
      assertThat(mask.sparsity()).isBetween(.05, .95);
      assertThat(TrainLoop.accuracy(model, data, 50)).isGreaterThan(.85);
    }
  }

  @Test
  void between_steps_the_model_is_the_sparse_one_and_hidden_weights_learn() throws Exception {
    try (Model model = Nets.mlp(3, 8, 6, 3)) {
      Sparsity sparsity = nm(new StraightThrough());
      Optimizer optimizer = sparsity.wrap(Nets.sgd());
      List<float[]> seen = new ArrayList<>();
      List<Mask> masks = new ArrayList<>();
      TrainingListenerAdapter watch =
          new TrainingListenerAdapter() {
            @Override
            public void onTrainingBatch(Trainer trainer, BatchData batch) {
              seen.add(Nets.weights(model, "linear.0"));
              masks.add(Objects.requireNonNull(sparsity.masks().byLayer().get("linear.0")));
            }
          };
      try (Trainer trainer =
          model.newTrainer(
              Nets.config()
                  .optOptimizer(optimizer)
                  .addTrainingListeners(watch, sparsity.listener()))) {
        NDManager manager = model.getNDManager();
        EasyTrain.fit(trainer, 2, Nets.dataset(manager, Nets.blobs(320, 8, 3, 1), 32), null);
      }
      for (int i = 0; i < seen.size(); i++) {
        assertThat(masks.get(i).kept()).isEqualTo(24);
        for (int j = 0; j < 48; j++) {
          assertThat(masks.get(i).get(j) || seen.get(i)[j] == 0).isTrue();
        }
      }
      assertThat(masks.get(0)).isNotEqualTo(masks.get(19)); // a hidden weight has come forth
    }
  }

  @Test
  void the_stored_weight_steps_by_the_dense_gradient_of_the_masked_network() throws Exception {
    // One output, w = [2, 3, 5, 7], x = [1, 10, 100, 1000]: mask [0, 0, 1, 1], y = 7500.
    // Loss |y - 0|, so dL/dy = 1 and dL/dw = x everywhere; rate .001, no momentum.
    try (Model model = line(2, 3, 5, 7)) {
      Sparsity sparsity = nm(new StraightThrough()).on(Nets.everyLinear());
      Optimizer sgd =
          Optimizer.sgd()
              .setLearningRateTracker(ai.djl.training.tracker.Tracker.fixed(.001f))
              .build();
      try (Trainer trainer =
          model.newTrainer(
              new ai.djl.training.DefaultTrainingConfig(ai.djl.training.loss.Loss.l1Loss())
                  .optDevices(new ai.djl.Device[] {ai.djl.Device.cpu()})
                  .optOptimizer(sparsity.wrap(sgd))
                  .addTrainingListeners(sparsity.listener()))) {
        assertThat(Nets.weights(model, "linear.0")).containsExactly(0, 0, 5, 7);
        Examples one = Examples.of(new float[] {1, 10, 100, 1000}, new Shape(4), new float[] {0});
        ai.djl.training.dataset.Batch batch =
            trainer.iterateDataset(Nets.dataset(model.getNDManager(), one, 1)).iterator().next();
        EasyTrain.trainBatch(trainer, batch);
        trainer.step();

        // stored [1.999, 2.99, 4.9, 6]: the same two stay
        assertThat(Nets.weights(model, "linear.0"))
            .containsExactly(new float[] {0, 0, 4.9f, 6}, near());
        for (int i = 0; i < 5; i++) {
          EasyTrain.trainBatch(trainer, batch);
          trainer.step();
        }
        // after 6 steps stored is [1.994, 2.94, 4.4, 1]: the third now beats the fourth
        assertThat(Nets.weights(model, "linear.0"))
            .containsExactly(new float[] {0, 2.94f, 4.4f, 0}, near());
      }
    }
  }

  @Test
  void bdwp_carries_the_backward_mask_to_the_input_and_a_dense_gradient_to_the_weight() {
    // the worked example: dX = dY Wb, dW = dY^T X, here read off the layer below and the layer
    float[] w = {
      .9f, -.1f, .2f, -.7f, -.3f, .8f, .6f, .1f, .5f, -.4f, .05f, .65f, .15f, .35f, -.95f, .25f
    };
    float[] x = {1, -2, .5f, 1.5f, 0, 1, -1, 2};
    float[] dy = {.2f, -.1f, .4f, .3f, -.5f, .6f, .1f, -.2f};
    try (Model model = Nets.mlp(1, 4, 4)) {
      Parameter parameter = Nets.parameter(model, "linear.0");
      parameter.getArray().toByteBuffer(true).asFloatBuffer().put(w);
      NDManager manager = model.getNDManager();
      NDArray input = manager.create(x, new Shape(2, 4));
      input.setRequiresGradient(true);
      NDArray pull = manager.create(dy, new Shape(2, 4));
      Sparsity sparsity = nm(new Bidirectional(1, false)).on(Nets.everyLinear());
      float[] y;
      try (Trainer trainer =
          model.newTrainer(
              Nets.config()
                  .optOptimizer(sparsity.wrap(Nets.sgd()))
                  .addTrainingListeners(sparsity.listener()))) {
        sparsity.forwardBegins();
        try (ai.djl.training.GradientCollector collector = trainer.newGradientCollector()) {
          NDArray out = trainer.forward(new NDList(input)).head();
          y = out.toFloatArray();
          NDArray loss = out.mul(pull).sum();
          sparsity.forwardDone();
          collector.backward(loss);
        }
        assertThat(y)
            .containsExactly(
                new float[] {-.15f, -1.3f, 1.475f, -1.175f, -1.4f, .2f, 1.3f, 1.3f}, near());
        assertThat(input.getGradient().toFloatArray())
            .containsExactly(
                new float[] {.38f, -.24f, -.345f, .12f, -.4f, .44f, .55f, .415f}, near());
        assertThat(parameter.getArray().getGradient().toFloatArray())
            .containsExactly(
                new float[] {
                  .2f, -.9f, .6f, -.7f, -.1f, .8f, -.65f, 1.05f, .4f, -.7f, .1f, .8f, .3f, -.8f,
                  .35f, .05f
                },
                near());
        sparsity.forwardBegins(); // the forward weight is back for another piece of the batch
        assertThat(trainer.evaluate(new NDList(input)).head().toFloatArray()).isEqualTo(y);
      }
    }
  }

  private static org.assertj.core.data.Offset<Float> near() {
    return org.assertj.core.data.Offset.offset(1e-5f);
  }

  @Test
  void bdwp_asks_for_a_loop_that_knows_of_it() throws Exception {
    try (Model model = Nets.mlp(3, 8, 8, 3)) {
      Sparsity sparsity = nm(new Bidirectional(1, false));
      try (Trainer trainer =
          model.newTrainer(
              Nets.config()
                  .optOptimizer(sparsity.wrap(Nets.sgd()))
                  .addTrainingListeners(sparsity.listener()))) {
        var data = Nets.dataset(model.getNDManager(), Nets.blobs(64, 8, 3, 1), 32);

        assertThatThrownBy(() -> EasyTrain.fit(trainer, 1, data, null))
            .hasMessageContaining("use TrainLoop");
      }
    }
  }

  @Test
  void pieces_of_a_batch_give_the_gradient_of_the_whole() {
    float[] whole = trained(1);
    float[] pieces = trained(3);

    assertThat(pieces).containsExactly(whole, near());
    assertThat(pieces).isNotEqualTo(new float[pieces.length]);
  }

  private static float[] trained(int accumulate) {
    try (Model model = Nets.mlp(5, 8, 8, 3)) {
      Stepping stepping = new Stepping(accumulate, java.util.Optional.empty(), step -> 1);
      TrainLoop.run(
          model,
          Nets.blobs(64, 8, 3, 1), // batches of 10, the last of 4; pieces of 4, 4, 2
          plan(new StraightThrough(.01, 1), Pattern.nm(2, 4), .5, stepping),
          none());
      return Nets.weights(model, "linear.0");
    }
  }

  @Test
  void arrays_do_not_pile_up() {
    try (Model model = Nets.mlp(5, 8, 8, 3)) {
      NDManager manager = model.getNDManager();
      List<Integer> counts = new ArrayList<>();
      TrainHooks hooks =
          new TrainHooks() {
            @Override
            public void progress(TrainProgress progress) {
              counts.add(everything(manager));
            }
          };
      TrainLoop.run(
          model,
          Nets.blobs(2000, 8, 3, 1),
          plan(new StraightThrough(.01, 1), Pattern.nm(2, 4), .5, Stepping.plain()),
          hooks);

      assertThat(counts).hasSize(600);
      assertThat(counts.get(599)).isEqualTo(counts.get(3));
    }
  }

  private static int everything(NDManager manager) {
    return manager.getManagedArrays().size();
  }

  private static TrainHooks none() {
    return TrainHooks.none();
  }

  private static TrainPlan plan(
      SparsityMethod method, Pattern pattern, double sparsity, Stepping stepping) {
    Sparsity part =
        Sparsity.of(method)
            .at(sparsity, Allocation.uniform())
            .pattern(pattern)
            .on(Nets.only("linear.0"));
    return new TrainPlan(SGD, 3, 10, 17, List.of(part), stepping);
  }

  private static Sparsity nm(SparsityMethod method) {
    return Sparsity.of(method).at(.5, Allocation.uniform()).pattern(Pattern.nm(2, 4));
  }

  private static Model line(float... weights) {
    Model model = Nets.mlp(1, weights.length, 1);
    NDArray weight = Nets.parameter(model, "linear.0").getArray();
    weight.toByteBuffer(true).asFloatBuffer().put(weights);
    return model;
  }
}

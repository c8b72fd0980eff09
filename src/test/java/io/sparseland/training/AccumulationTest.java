// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Allocation;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.Pattern;
import io.sparseland.core.Trigger;
import io.sparseland.schedulers.dynamic.RigL;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Growth reads the gradient of the whole batch, in however many pieces it comes.
 *
 * <p>One unit of six inputs keeps 0, 1 and 2, the last of them the smallest, and has to answer 1.
 * The first example shows it input 3, the second three times input 4: the gradient is largest at 4
 * over both, but the first alone knows of 3 only.
 */
class AccumulationTest {

  private static final float[] TWO = {0, 0, 0, 1, 0, 0, /* and */ 0, 0, 0, 0, 3, 0};
  private static final Examples DATA = Examples.of(TWO, new Shape(6), new float[] {1, 1});

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void a_loop_of_ones_own_may_run_several_batches_before_a_step(int batches) throws Exception {
    try (Model model = unit()) {
      Sparsity sparsity = rigl(model);
      DefaultTrainingConfig config =
          new DefaultTrainingConfig(Loss.l2Loss())
              .optDevices(new Device[] {Device.cpu()})
              .optOptimizer(sparsity.wrap(Nets.sgd()))
              .addTrainingListeners(sparsity.listener());
      try (Trainer trainer = model.newTrainer(config)) {
        for (Batch batch :
            trainer.iterateDataset(
                Nets.dataset(model.getNDManager(), DATA, DATA.size() / batches))) {
          EasyTrain.trainBatch(trainer, batch);
          batch.close();
        }
        trainer.step();

        assertThat(sparsity.masks().byLayer().get("linear")).isEqualTo(mask(model, 0, 1, 4));
      }
    }
  }

  @Test
  void pieces_of_a_batch_grow_what_the_whole_grows() {
    for (int pieces = 1; pieces <= 2; pieces++) {
      try (Model model = unit()) {
        TrainPlan plan =
            new TrainPlan(
                new OptimizerSettings.Sgd(0.05, 0, 0),
                1,
                2,
                1,
                List.of(rigl(model)),
                new Stepping(pieces, java.util.Optional.empty(), step -> 1));

        TrainResult result =
            TrainLoop.run(model, DATA, plan, Objective.of(Loss.l2Loss()), TrainHooks.none());

        assertThat(result.masks().byLayer().get("linear"))
            .as("%d pieces", pieces)
            .isEqualTo(mask(model, 0, 1, 4));
      }
    }
  }

  private static Model unit() {
    Model model = Nets.mlp(1, 6, 1);
    Nets.parameter(model, "linear.0")
        .getArray()
        .toByteBuffer(true)
        .asFloatBuffer()
        .put(new float[] {1, .5f, .1f, 0, 0, 0});
    return model;
  }

  private static Sparsity rigl(Model model) {
    return Sparsity.of(new RigL(step -> 0.34, new Trigger(0, 1, 0)))
        .at(0.5, Allocation.uniform())
        .on(Nets.everyLinear())
        .startingFrom(new Masks(Map.of("linear", mask(model, 0, 1, 2))));
  }

  private static Mask mask(Model model, int... kept) {
    BitSet bits = new BitSet();
    for (int i : kept) {
      bits.set(i);
    }
    return Mask.of(Nets.layer(model, "linear.0").geometry(), Pattern.unstructured(), bits);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.sparseland.core.Allocation;
import io.sparseland.core.Mask;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.Static;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * One sparse linear layer with 100 inputs, 10 of them informative, and 20 connections: a method
 * that looks at gradients must find all 10; a fixed random mask has 2 of them on average.
 */
class SupportRecoveryTest {

  private static final int INPUTS = 100;
  private static final int INFORMATIVE = 10;
  private static final int BATCH = 32;
  private static final int STEPS = 1500;

  @Test
  void rigl_finds_every_informative_input_and_a_static_mask_does_not() throws Exception {
    double rigl = 0;
    double fixed = 0;
    for (long seed = 1; seed <= 3; seed++) {
      rigl +=
          found(
                  new RigL(
                      Cosine.decay(0.3, STEPS * 3 / 4), Trigger.every(25).until(STEPS * 3 / 4)),
                  seed)
              / 3.0;
      fixed += found(new Static(), seed) / 3.0;
    }

    assertThat(rigl).isEqualTo(10);
    assertThat(fixed).isLessThanOrEqualTo(6);
  }

  @Test
  @Tag("slow")
  void rigl_imitates_a_sparse_teacher_better_than_a_static_mask_does() throws Exception {
    double rigl = 0;
    double fixed = 0;
    for (long seed = 1; seed <= 3; seed++) {
      rigl += imitation(new RigL(Cosine.decay(0.3, 2250), Trigger.every(25).until(2250)), seed);
      fixed += imitation(new Static(), seed);
    }

    assertThat(rigl).isLessThan(0.7 * fixed);
  }

  /** Relative test error of 100-64-1, first layer at 98 %, taught by 10 of the inputs. */
  private static double imitation(SparsityMethod method, long seed) throws Exception {
    Random random = new Random(seed);
    int train = 3000 * BATCH;
    int test = 2000;
    float[] x = new float[(train + test) * INPUTS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    float[] y = teacher(random, x, train + test);
    try (Model model = Nets.mlp(seed, INPUTS, 64, 1)) {
      Sparsity sparsity =
          Sparsity.of(method).at(0.98, Allocation.uniform()).on(Nets.only("linear.0")).seed(seed);
      Optimizer sgd =
          Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.01f)).optMomentum(0.9f).build();
      try (Trainer trainer =
          model.newTrainer(
              new DefaultTrainingConfig(Loss.l2Loss())
                  .optDevices(new Device[] {Device.cpu()})
                  .optOptimizer(sparsity.wrap(sgd))
                  .addTrainingListeners(sparsity.listener()))) {
        Examples data =
            Examples.of(
                Arrays.copyOf(x, train * INPUTS), new Shape(INPUTS), Arrays.copyOf(y, train));
        EasyTrain.fit(trainer, 1, Nets.dataset(model.getNDManager(), data, BATCH), null);
        float[] inputs = Arrays.copyOfRange(x, train * INPUTS, x.length);
        float[] found =
            trainer
                .evaluate(new NDList(model.getNDManager().create(inputs, new Shape(test, INPUTS))))
                .head()
                .toFloatArray();
        double wrong = 0;
        double all = 0;
        for (int i = 0; i < test; i++) {
          wrong += Math.pow(found[i] - y[train + i], 2);
          all += Math.pow(y[train + i], 2);
        }
        return wrong / all;
      }
    }
  }

  /** {@code sum_h a_h relu(w_h x)} of 8 hidden units on the first 10 inputs. */
  static float[] teacher(Random random, float[] x, int count) {
    double[][] hidden = new double[8][INFORMATIVE];
    double[] outer = new double[8];
    for (int h = 0; h < 8; h++) {
      outer[h] = random.nextGaussian() / Math.sqrt(8);
      for (int i = 0; i < INFORMATIVE; i++) {
        hidden[h][i] = random.nextGaussian() / Math.sqrt(INFORMATIVE / 2.0);
      }
    }
    float[] y = new float[count];
    for (int n = 0; n < count; n++) {
      for (int h = 0; h < 8; h++) {
        double sum = 0;
        for (int i = 0; i < INFORMATIVE; i++) {
          sum += hidden[h][i] * x[n * INPUTS + i];
        }
        y[n] += (float) (outer[h] * Math.max(0, sum));
      }
    }
    return y;
  }

  private static int found(SparsityMethod method, long seed) throws Exception {
    Random random = new Random(seed);
    float[] coefficients = new float[INFORMATIVE]; // +-(0.5 .. 1.5), inputs 0 to 9
    for (int i = 0; i < INFORMATIVE; i++) {
      coefficients[i] = (random.nextBoolean() ? 1 : -1) * (0.5f + random.nextFloat());
    }
    float[] x = new float[STEPS * BATCH * INPUTS];
    float[] y = new float[STEPS * BATCH];
    for (int n = 0; n < y.length; n++) {
      y[n] = 0.1f * (float) random.nextGaussian();
      for (int i = 0; i < INPUTS; i++) {
        float value = (float) random.nextGaussian();
        x[n * INPUTS + i] = value;
        y[n] += i < INFORMATIVE ? coefficients[i] * value : 0;
      }
    }
    try (Model model = Nets.mlp(seed, INPUTS, 1)) {
      Sparsity sparsity =
          Sparsity.of(method).at(0.8, Allocation.uniform()).on(Nets.everyLinear()).seed(seed);
      Optimizer sgd =
          Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.02f)).optMomentum(0.9f).build();
      try (Trainer trainer =
          model.newTrainer(
              new DefaultTrainingConfig(Loss.l2Loss())
                  .optDevices(new Device[] {Device.cpu()})
                  .optOptimizer(sparsity.wrap(sgd))
                  .addTrainingListeners(sparsity.listener()))) {
        Examples data = Examples.of(x, new Shape(INPUTS), y);
        EasyTrain.fit(trainer, 1, Nets.dataset(model.getNDManager(), data, BATCH), null);
      }
      Mask mask = sparsity.masks().byLayer().values().iterator().next();
      assertThat(mask.kept()).isEqualTo(20);
      int found = 0;
      for (int i = 0; i < INFORMATIVE; i++) {
        found += mask.get(i) ? 1 : 0;
      }
      return found;
    }
  }
}

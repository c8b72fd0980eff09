// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Allocation;
import io.sparseland.core.Mask;
import io.sparseland.core.Torch;
import io.sparseland.core.Trigger;
import io.sparseland.schedulers.dynamic.Mest;
import io.sparseland.schedulers.dynamic.Static;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a network computes does not change where weights are only added. */
class ContinuityTest {

  private static final Examples DATA = Nets.blobs(80, 8, 4, 3);

  @Test
  void growing_changes_no_output_by_a_bit() {
    // A rate that is 0 as a float makes the weights stand still, so that the update alone is seen.
    OptimizerSettings still = new OptimizerSettings.Sgd(1e-60, 0, 0);
    Sparsity growing =
        Sparsity.of(new Mest(step -> 0.5, Trigger.every(4).until(8), 0, true))
            .at(0.7, Allocation.uniform())
            .on(Nets.everyLinear());
    List<float[]> outputs = new ArrayList<>();
    TrainResult result;
    try (Model model = Nets.mlp(1, 8, 16, 4)) {
      result =
          TrainLoop.run(
          model,
          DATA,
          new TrainPlan(still, 1, 16, 1, List.of(growing)),
          new TrainHooks() {
            @Override
            public void progress(TrainProgress progress) {
              outputs.add(outputs(model));
            }
          });
    }

    MaskUpdate first = result.updates().get(0);
    assertThat(first.step()).isEqualTo(4);
    assertThat(first.grown()).isPositive();
    assertThat(first.dropped()).isZero();
    assertThat(outputs.get(3)).isEqualTo(outputs.get(2));
  }

  @Test
  void dropping_the_mask_changes_no_output_and_then_everything_learns() {
    try (Model model = Nets.mlp(1, 8, 16, 4)) {
      OptimizerSettings sgd = new OptimizerSettings.Sgd(0.05, 0.9, 0);
      Sparsity fixed = Sparsity.of(new Static()).at(0.75, Allocation.uniform());
      List<float[]> during = new ArrayList<>();
      TrainResult sparse =
          TrainLoop.run(
              model,
              DATA,
              new TrainPlan(sgd, 2, 16, 1, List.of(fixed)),
              new TrainHooks() {
                @Override
                public void progress(TrainProgress progress) {
                  during.add(outputs(model));
                }
              });

      assertThat(outputs(model)).isEqualTo(during.get(during.size() - 1));

      TrainLoop.run(model, DATA, new TrainPlan(sgd, 1, 80, 1, List.of()), TrainHooks.none());
      for (Map.Entry<String, Mask> each : sparse.masks().byLayer().entrySet()) {
        assertThat(pruned(each.getValue(), Nets.weights(model, each.getKey())))
            .filteredOn(weight -> weight != 0)
            .hasSizeGreaterThan(each.getValue().size() / 4);
      }
    }
  }

  private static List<Float> pruned(Mask mask, float[] weights) {
    List<Float> pruned = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      if (!mask.get(i)) {
        pruned.add(weights[i]);
      }
    }
    return pruned;
  }

  private static float[] outputs(Model model) {
    return Torch.withoutGradients(
        () -> {
          try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            float[] x = new float[5 * 8];
            for (int i = 0; i < x.length; i++) {
              x[i] = (float) Math.sin(i);
            }
            return model
                .getBlock()
                .forward(
                    new ParameterStore(manager, false),
                    new NDList(manager.create(x, new Shape(5, 8))),
                    false)
                .singletonOrThrow()
                .toFloatArray();
          }
        });
  }
}

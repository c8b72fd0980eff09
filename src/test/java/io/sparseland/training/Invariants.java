// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.optimizer.Optimizer;
import io.sparseland.core.Mask;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Checks after every step that pruned weights are exactly 0, after every update that the optimizer
 * slots of dropped and fresh weights are too, and writes down masks and weights. Goes before the
 * sparsity's own listener, so that it sees a step's result before the next batch changes anything.
 */
final class Invariants extends TrainingListenerAdapter {

  private final Model model;
  private final Sparsity sparsity;
  private final OptimizerSlots slots;
  final List<Map<String, Mask>> masks = new ArrayList<>(); // after i steps
  private final List<Map<String, float[]>> weights = new ArrayList<>();

  Invariants(Model model, Sparsity sparsity, Optimizer inner) {
    this.model = model;
    this.sparsity = sparsity;
    this.slots = OptimizerSlots.of(inner);
  }

  @Override
  public void onTrainingBatch(Trainer trainer, BatchData batchData) {
    check();
  }

  @Override
  public void onTrainingEnd(Trainer trainer) {
    check();
  }

  private void check() {
    Map<String, Mask> now = sparsity.masks().byLayer();
    Map<String, float[]> values = new HashMap<>();
    now.forEach(
        (name, mask) -> {
          float[] weight = Nets.weights(model, name);
          zeroOutside(mask, weight);
          Mask before = masks.isEmpty() ? mask : masks.get(masks.size() - 1).get(name);
          if (before != null && !mask.equals(before)) { // an update: fresh slots are empty too
            for (NDArray slot : slots.of(Nets.parameter(model, name).getId())) {
              zeroOutside(mask.and(before), slot.toFloatArray());
            }
          }
          values.put(name, weight);
        });
    masks.add(now);
    weights.add(values);
  }

  /** A layer's mask after so many steps. */
  Mask mask(int steps, String layer) {
    return Objects.requireNonNull(masks.get(steps).get(layer));
  }

  /** A layer's weight after so many steps. */
  float[] weight(int steps, String layer) {
    return Objects.requireNonNull(weights.get(steps).get(layer));
  }

  /** Kept weights of a layer after every step, without repetition of equal neighbours. */
  List<Integer> counts(String layer) {
    List<Integer> counts = new ArrayList<>();
    for (Map<String, Mask> each : masks) {
      int kept = Objects.requireNonNull(each.get(layer)).kept();
      if (counts.isEmpty() || counts.get(counts.size() - 1) != kept) {
        counts.add(kept);
      }
    }
    return counts;
  }

  private static void zeroOutside(Mask mask, float[] values) {
    int wrong = 0;
    for (int i = 0; i < values.length; i++) {
      wrong += !mask.get(i) && values[i] != 0 ? 1 : 0;
    }
    assertThat(wrong).as("pruned weights or slots that are not 0").isZero();
  }
}

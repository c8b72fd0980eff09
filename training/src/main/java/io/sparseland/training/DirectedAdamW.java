// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.sparseland.core.Penalty;
import io.sparseland.core.WeightView;

/**
 * AdamW with a penalty's direction: {@code w *= 1 - rate decay}; {@code m1 = b1 m1 + (1 - b1) G};
 * {@code u = direction(m1)}; {@code v = b2 v + (1 - b2) u^2}; {@code w -= rate / (1 - b1^t) u /
 * (sqrt(v / (1 - b2^t)) + epsilon)}.
 */
final class DirectedAdamW {

  /** What the user's optimizer was built with. */
  record Settings(double decay, double beta1, double beta2, double epsilon) {}

  private final Settings settings;
  private final Penalty penalty;
  private final NDArray mean; // m1
  private final NDArray square; // v
  private long updates; // t

  DirectedAdamW(Settings settings, Penalty penalty, NDArray weight, NDManager manager) {
    this.settings = settings;
    this.penalty = penalty;
    this.mean = manager.zeros(weight.getShape(), weight.getDataType());
    this.square = manager.zeros(weight.getShape(), weight.getDataType());
  }

  void save(TrainState into, String layer) {
    into.put("mean/" + layer, mean);
    into.put("square/" + layer, square);
    into.put("updates/" + layer, updates);
  }

  void restore(TrainState from, String layer) {
    from.fill("mean/" + layer, mean);
    from.fill("square/" + layer, square);
    updates = from.number("updates/" + layer);
  }

  /** One step; gradient recording must be off. */
  void step(WeightView.Operand w, NDArray weight, NDArray gradient, double rate) {
    updates++;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      weight.muli(1 - rate * settings.decay);
      mean.muli(settings.beta1).addi(gradient.mul(1 - settings.beta1));
      NDArray u = penalty.direction(w, mean);
      square.muli(settings.beta2).addi(u.square().muli(1 - settings.beta2));
      double corrected = Math.sqrt(1 - Math.pow(settings.beta2, (double) updates));
      NDArray root = square.sqrt().divi(corrected).addi(settings.epsilon);
      weight.subi(u.div(root).muli(rate / (1 - Math.pow(settings.beta1, (double) updates))));
    }
  }
}

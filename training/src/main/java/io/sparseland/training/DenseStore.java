// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Exploration;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import java.util.ArrayList;
import java.util.List;

/**
 * A value for every weight of a layer whose parameter holds the used ones only, and the set of
 * weights that learn. Gradient recording must be off in all methods.
 */
final class DenseStore {

  private final Layer layer;
  private final Exploration exploration;
  private final NDArray stored; // the parameter's shape
  private final NDArray learn; // 0 and 1
  private final NDArray hold; // 1 and 0
  private final NDArray pull; // the regulariser's factors
  private Mask learning;

  /** Takes the parameter's values; all of them learn. */
  DenseStore(Layer layer, Exploration exploration, NDManager manager) {
    this.layer = layer;
    this.exploration = exploration;
    NDArray weight = layer.parameter().getArray();
    this.stored = manager.create(weight.getShape(), DataType.FLOAT32);
    this.learn = manager.ones(weight.getShape());
    this.hold = manager.zeros(weight.getShape());
    this.pull = manager.zeros(weight.getShape());
    this.learning = Mask.all(layer.geometry());
    stored.set(new NDIndex(":"), weight);
  }

  /** Weights that learn. */
  Mask learning() {
    return learning;
  }

  /** Puts the stored weights into the parameter. */
  void show() {
    layer.parameter().getArray().set(new NDIndex(":"), stored);
  }

  /** All values, used or not; live. */
  NDArray stored() {
    return stored;
  }

  /** Stores the parameter's values, all of them. */
  void take() {
    stored.set(new NDIndex(":"), layer.parameter().getArray());
  }

  /**
   * Chooses what learns and how strongly it is pulled to 0.
   *
   * @param used the layer's mask
   */
  void choose(Mask next, Mask used) {
    if (!used.isSubsetOf(next)) {
      throw new IllegalArgumentException(
          "layer '%s' uses weights that do not learn".formatted(layer.name()));
    }
    learning = next;
    float[] on = new float[next.size()];
    float[] off = new float[next.size()];
    float[] factors = new float[next.size()];
    double density = 1 - used.sparsity();
    for (int i = 0; i < on.length; i++) {
      boolean learns = next.get(i);
      on[i] = learns ? 1 : 0;
      off[i] = 1 - on[i];
      factors[i] = learns ? (float) exploration.factor(used.get(i), density) : 0;
    }
    learn.toByteBuffer(true).asFloatBuffer().put(on); // live views
    hold.toByteBuffer(true).asFloatBuffer().put(off);
    pull.toByteBuffer(true).asFloatBuffer().put(factors);
  }

  /**
   * An optimizer step on the stored weights that moves only what learns, slots included.
   *
   * @param gradient of the loss with respect to the used weights; changed
   * @param slots of the parameter; empty before its first step
   */
  void step(NDArray gradient, List<NDArray> slots, Runnable optimizerStep) {
    show();
    NDArray weight = layer.parameter().getArray();
    try (NDArray size = exploration.form() == Exploration.Form.L1 ? stored.sign() : stored.mul(1f);
        NDArray drift = size.mul(pull)) {
      gradient.addi(drift).muli(learn);
    }
    List<NDArray> before = new ArrayList<>();
    slots.forEach(slot -> before.add(slot.mul(hold)));
    optimizerStep.run();
    weight.muli(learn);
    try (NDArray kept = stored.mul(hold)) {
      weight.addi(kept);
    }
    for (int i = 0; i < before.size(); i++) {
      slots.get(i).muli(learn).addi(before.get(i));
      before.get(i).close();
    }
    take();
  }
}

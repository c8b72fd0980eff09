// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import java.util.Optional;

/**
 * The weight that forward and backward passes use in place of the stored one: straight-through,
 * soft masks, thresholds.
 *
 * <p>While a batch runs, the parameter holds the effective weight; the gradient that arrives there,
 * {@code G = dL/d(effective)}, is dense. The optimizer steps on the stored weight with {@link
 * #gradient} of {@code G}. So nothing of a view has to be
 * differentiated by the engine, and whoever looks at the model between two steps sees the effective
 * weight. Called with gradient recording off and an NDScope open.
 */
public interface WeightView {

  /** One layer's arrays, in the parameter's own shape; not to be changed or closed. */
  interface Operand {

    /** The layer. */
    Layer layer();

    /** How pruned weights are arranged in the end. */
    Pattern pattern();

    /** The stored weight. */
    NDArray weight();

    /** The present mask, 0 and 1. */
    NDArray keep();

    /**
     * What the view trains beside the weight: as many numbers as {@link WeightView#own} began with.
     */
    NDArray own();

    /** Batches completed. */
    long step();
  }

  /** The effective weight. */
  NDArray effective(Operand w);

  /**
   * Writes the effective weight.
   *
   * @param parameter holds the stored weight where {@link #showsInPlace} says so, else anything
   */
  default void show(Operand w, NDArray parameter) {
    Torch.copy(effective(w), parameter);
  }

  /** Whether {@link #show} begins with the stored weight, which is then put there first. */
  default boolean showsInPlace() {
    return false;
  }

  /** Gradient of the stored weight, from that of the effective one. */
  NDArray gradient(Operand w, NDArray effectiveGradient);

  /** The plain weight that takes its place when training is over; 0 where the mask is. */
  default NDArray merge(Operand w) {
    return w.weight().mul(w.keep());
  }

  /**
   * The weight of the product that carries the gradient on to the layer's input, if it is another
   * one than {@link #effective}.
   */
  default Optional<NDArray> backward(Operand w) {
    return Optional.empty();
  }

  /** Whether {@link #backward} gives another weight; it needs a loop that asks for it. */
  default boolean changesBackward() {
    return false;
  }

  /**
   * First values of what is trained beside a layer's weight by the same optimizer: none, one, or
   * one a weight.
   */
  default float[] own(Layer layer) {
    return new float[0];
  }

  /** Gradient of {@link Operand#own}, from that of the effective weight. */
  default NDArray ownGradient(Operand w, NDArray effectiveGradient) {
    throw new UnsupportedOperationException(this + " trains nothing beside the weight");
  }

  /**
   * 0 and 1, for a view that decides itself which weights are kept; the mask that training ends
   * with.
   */
  default Optional<NDArray> emergent(Operand w) {
    return Optional.empty();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

/**
 * How much of a layer the steps of a training worked on: what its FLOPs follow from.
 *
 * <p>A dense step costs three forward passes: the outputs, the gradient of the inputs and the
 * gradient of the weights. The first two need the kept weights only; the third those whose gradient
 * the method reads.
 *
 * @param layer dotted name
 * @param size weights of the layer
 * @param steps completed
 * @param forward sum over the steps of the weights kept
 * @param gradient sum over the steps of the weights whose gradient was needed
 */
public record LayerWork(String layer, int size, long steps, long forward, long gradient) {

  /** Mean cost of a step relative to a dense one, 0 to 1; 1 before the first. */
  public double share() {
    return steps == 0 ? 1 : (2.0 * forward + gradient) / (3.0 * size * steps);
  }
}

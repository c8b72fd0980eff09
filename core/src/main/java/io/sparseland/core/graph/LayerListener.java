// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;

/** Sees the input of a layer during a forward pass. */
@FunctionalInterface
public interface LayerListener {

  /**
   * Called before the layer computes.
   *
   * @param layer its dotted name
   * @param weight the weight it uses, as stored
   * @param input what it is multiplied with: {@code [..., in]} or {@code [N, C, H, W]}; only valid
   *     during the call
   * @param use linear or convolution, and how
   */
  void onInput(String layer, NDArray weight, NDArray input, LayerUse use);
}

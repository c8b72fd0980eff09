// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;

/** A forward pass of any block that shows the input of every linear layer and convolution. */
public final class Capture {

  private Capture() {}

  /**
   * Runs inference.
   *
   * @param block any initialised block; the result is what it would return by itself
   * @param store gives the parameters
   * @param inputs its inputs
   * @param listener sees each layer's input in the order of the forward pass; a layer used twice is
   *     seen twice
   */
  public static NDList forward(
      Block block, ParameterStore store, NDList inputs, LayerListener listener) {
    return forward(block, store, inputs, false, listener);
  }

  /**
   * The same, as in training if wanted: the listener's arrays and the result are those that
   * gradients are recorded of.
   */
  public static NDList forward(
      Block block, ParameterStore store, NDList inputs, boolean training, LayerListener listener) {
    LayerInterception interception =
        new LayerInterception(Names.of(block)) {
          @Override
          void before(String layer, NDArray weight, NDArray input, LayerUse use) {
            listener.onInput(layer, weight, input, use);
          }
        };
    return interception.forward(block, store, inputs, training);
  }
}

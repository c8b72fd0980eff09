// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparseland.core.graph.Capture;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a student shares with its teacher: the output, and the inputs of some layers.
 *
 * @param layers dotted names of linear layers or convolutions; what goes into them is a hidden
 *     state
 */
public record Views(List<String> layers) {

  /** Copies the list. */
  public Views {
    layers = List.copyOf(layers);
  }

  /**
   * A forward pass: the block's first output, then the first input of each layer, in the order of
   * {@link #layers}.
   *
   * @throws IllegalArgumentException if the block never uses one of the layers
   */
  NDList of(Block block, ParameterStore store, NDList inputs, boolean training) {
    Map<String, NDArray> hidden = new LinkedHashMap<>();
    NDList outputs =
        layers.isEmpty()
            ? block.forward(store, inputs, training)
            : Capture.forward(
                block,
                store,
                inputs,
                training,
                (layer, weight, input, use) -> hidden.putIfAbsent(layer, input));
    NDList views = new NDList(outputs.head());
    for (String layer : layers) {
      NDArray found = hidden.get(layer);
      if (found == null) {
        throw new IllegalArgumentException("no layer '%s' has been used".formatted(layer));
      }
      views.add(found);
    }
    return views;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Gradients of the loss with respect to layer outputs.
 *
 * <p>{@link #forward} adds a leaf of zeros to the output of each chosen linear layer or
 * convolution, {@code Y = W X + P}; after {@code backward}, the leaf's gradient is {@code dL/dY}.
 * Call it inside a gradient collector; close this after reading the gradients.
 */
public final class Probes implements AutoCloseable {

  private final Block block;
  private final Names names;
  private final Predicate<String> chosen;
  private final Map<String, List<NDArray>> leaves = new LinkedHashMap<>();

  /**
   * Probes for some layers.
   *
   * @param block any initialised block
   * @param chosen which layers, by dotted name
   */
  public Probes(Block block, Predicate<String> chosen) {
    this.block = block;
    this.names = Names.of(block);
    this.chosen = chosen;
  }

  /**
   * Runs the block with probes; results are what the block would return by itself.
   *
   * @param listener sees the inputs of the chosen layers
   */
  public NDList forward(
      ParameterStore store, NDList inputs, boolean training, LayerListener listener) {
    close();
    NDManager manager = inputs.head().getManager();
    LayerInterception interception =
        new LayerInterception(names) {
          @Override
          void before(String layer, NDArray weight, NDArray input, LayerUse use) {
            if (chosen.test(layer)) {
              listener.onInput(layer, weight, input, use);
            }
          }

          @Override
          NDArray after(String layer, NDArray output) {
            if (!chosen.test(layer)) {
              return output;
            }
            NDArray leaf = manager.zeros(output.getShape(), output.getDataType());
            leaf.setRequiresGradient(true);
            leaves.computeIfAbsent(layer, k -> new ArrayList<>()).add(leaf);
            return output.add(leaf);
          }
        };
    return interception.forward(block, store, inputs, training);
  }

  /** Runs the block with probes. */
  public NDList forward(ParameterStore store, NDList inputs, boolean training) {
    return forward(store, inputs, training, (layer, weight, input, use) -> {});
  }

  /** The layers probed by the last forward pass, in its order. */
  public Set<String> layers() {
    return Set.copyOf(leaves.keySet());
  }

  /**
   * {@code dL/dY} of a layer after {@code backward}, of the shape of its output: one array for each
   * time the forward pass used it, in order.
   *
   * @throws IllegalArgumentException for a layer that was not probed
   */
  public List<NDArray> gradients(String layer) {
    List<NDArray> found = leaves.get(layer);
    if (found == null) {
      throw new IllegalArgumentException(
          "layer '" + layer + "' was not probed; probed: " + leaves.keySet());
    }
    return found.stream().map(NDArray::getGradient).toList();
  }

  /** Frees the probes. */
  @Override
  public void close() {
    leaves.values().forEach(l -> l.forEach(NDArray::close));
    leaves.clear();
  }
}

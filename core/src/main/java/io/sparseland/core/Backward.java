// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** Gradients of layers, of a block in inference mode; the block is left as it was. */
final class Backward {

  private final Block block;
  private final List<NDArray> all = new ArrayList<>();

  Backward(Block block) {
    this.block = block;
    for (Parameter parameter : block.getParameters().values()) {
      all.add(parameter.getArray());
    }
  }

  /** Sees the gradients while they live. */
  interface Reader {
    /** The gradient of a layer, in the parameter's shape. */
    void read(Layer layer, NDArray gradient);
  }

  /**
   * One forward and backward pass.
   *
   * @param loss of the block's outputs, a scalar
   */
  void run(NDList data, Function<NDList, NDArray> loss, Iterable<Layer> layers, Reader reader) {
    zero();
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      try (GradientCollector collector = Engine.getEngine(Torch.ENGINE).newGradientCollector()) {
        ParameterStore store = new ParameterStore(data.head().getManager(), false);
        collector.backward(loss.apply(block.forward(store, data, false)));
      }
      for (Layer layer : layers) {
        NDArray weight = layer.parameter().getArray();
        Check.that(weight.hasGradient(), "layer %s is frozen, so it has no gradient", layer.name());
        reader.read(layer, weight.getGradient());
      }
    } finally {
      zero();
    }
  }

  private void zero() {
    for (NDArray array : all) {
      if (array.hasGradient()) {
        Torch.zeroGradient(array);
      }
    }
  }

  /** Runs with other values in some parameters and puts the old ones back, bit by bit. */
  static <T> T with(Map<NDArray, float[]> values, Supplier<T> body) {
    Map<NDArray, float[]> before = new LinkedHashMap<>();
    values.keySet().forEach(target -> before.put(target, target.toFloatArray()));
    try {
      values.forEach(Backward::fill);
      return body.get();
    } finally {
      before.forEach(Backward::fill);
    }
  }

  private static void fill(NDArray target, float[] values) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      target.stopGradient().toByteBuffer(true).asFloatBuffer().put(values); // the storage itself
    }
  }
}

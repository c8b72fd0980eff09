// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.graph.Argument.ParameterRef;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.NamedParameter;
import io.sparseland.core.graph.Operation;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;

/** Writes solutions into the live parameters of a model. */
final class LayerWriter {

  private static final int WEIGHT = 1;
  private static final int BIAS = 2;

  private final Map<String, NamedParameter> biases = new HashMap<>(); // by layer

  LayerWriter(Graph graph) {
    for (Operation operation : graph.operations()) {
      if (operation.internal()
          && operation.arguments().size() > BIAS
          && operation.arguments().get(WEIGHT) instanceof ParameterRef weight
          && operation.arguments().get(BIAS) instanceof ParameterRef bias) {
        biases.putIfAbsent(graph.parameter(weight.name()).layer(), graph.parameter(bias.name()));
      }
    }
  }

  /** Writes weights, exact zeros where the mask prunes, and the change of the bias. */
  void write(Layer layer, Solution solution) {
    solution
        .biasChange()
        .ifPresent(
            change -> {
              NamedParameter bias = biases.get(layer.name());
              if (bias == null) {
                throw new IllegalArgumentException(
                    "layer " + layer.name() + " has no bias that could be corrected");
              }
              NDArray array = bias.parameter().getArray();
              add(layer.name(), array, change.toDoubleArray());
            });
    write(layer, solution.masked());
  }

  /** Writes weights. */
  void write(Layer layer, NDArray weight) {
    double[] values = weight.toDoubleArray();
    FloatBuffer live = live(layer.name(), layer.weight());
    for (int i = 0; i < values.length; i++) {
      float value = (float) values[i];
      Check.that(
          Float.isFinite(value), "layer %s: new weight %d is %s", layer.name(), i, values[i]);
      live.put(i, value);
    }
  }

  private static void add(String layer, NDArray array, double[] change) {
    NDArray view = array.stopGradient();
    FloatBuffer live = live(layer, view);
    for (int i = 0; i < change.length; i++) {
      live.put(i, (float) (live.get(i) + change[i]));
    }
  }

  private static FloatBuffer live(String layer, NDArray array) {
    Check.that(
        array.getDataType() == DataType.FLOAT32 && !array.getDevice().isGpu(),
        "layer %s is %s on %s, allowed: float32 on the CPU",
        layer,
        array.getDataType(),
        array.getDevice());
    return array.toByteBuffer(true).asFloatBuffer(); // the storage itself
  }
}

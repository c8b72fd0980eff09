// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.NamedParameter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A layer of the block with its mask.
 *
 * @param parameter dotted name of the weight's parameter
 */
record MaskedLayer(Layer layer, String parameter, Mask mask) {

  /**
   * Finds the layer of every mask.
   *
   * @return by parameter name, in the order of the layers
   * @throws IllegalArgumentException for a mask without layer, or of another geometry
   */
  static Map<String, MaskedLayer> match(Graph graph, List<Layer> layers, Masks masks) {
    Map<String, Mask> open = new HashMap<>(masks.byLayer());
    Map<String, MaskedLayer> masked = new LinkedHashMap<>();
    for (Layer layer : layers) {
      Mask mask = remove(layer, open);
      if (mask == null) {
        continue;
      }
      if (!mask.geometry().equals(layer.geometry())) {
        throw new IllegalArgumentException(
            "mask of layer '%s' is for %s; the layer has %s"
                .formatted(layer.name(), mask.geometry(), layer.geometry()));
      }
      String parameter = parameterOf(graph, layer);
      masked.put(parameter, new MaskedLayer(layer, parameter, mask));
    }
    if (!open.isEmpty()) {
      throw new IllegalArgumentException(
          "masks of layers %s; the block has layers %s"
              .formatted(open.keySet(), layers.stream().map(Layer::name).toList()));
    }
    return masked;
  }

  /** Takes the mask out that is under one of the layer's names. */
  private static @Nullable Mask remove(Layer layer, Map<String, Mask> open) {
    Mask mask = open.remove(layer.name());
    for (String alias : layer.aliases()) {
      Mask other = open.remove(alias);
      mask = mask == null ? other : mask;
    }
    return mask;
  }

  private static String parameterOf(Graph graph, Layer layer) {
    return graph.parameters().stream()
        .filter(named -> named.parameter() == layer.parameter())
        .map(NamedParameter::name)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no parameter of " + layer));
  }

  /**
   * Checks that every masked weight is exactly zero.
   *
   * @throws ExportException naming the layer and the first that is not
   */
  void verify() {
    float[] values;
    try (NDArray weight = layer.weight()) {
      values = weight.toFloatArray();
    }
    for (int i = 0; i < values.length; i++) {
      if (!mask.get(i) && values[i] != 0) {
        throw new ExportException(
            "layer '%s': weight %d is masked, yet %s in the model; allowed: 0 (apply the masks, or"
                    .formatted(layer.name(), i, values[i])
                + " export with Masking.APPLY)");
      }
    }
  }
}

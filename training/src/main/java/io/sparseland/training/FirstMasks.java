// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Evidence;
import io.sparseland.core.Initialisation;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.Pruner;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The masks that training starts with: given, or drawn by the method's first criterion. */
final class FirstMasks {

  private FirstMasks() {}

  /**
   * One mask for each chosen layer.
   *
   * @throws IllegalArgumentException if masks were given and one is missing or of another shape
   */
  static Map<Layer, Mask> of(Part part, List<Layer> chosen) {
    Masks start = part.start();
    return start == null ? drawn(part, chosen) : given(start, chosen);
  }

  private static Map<Layer, Mask> drawn(Part part, List<Layer> chosen) {
    double sparsity = part.method().sparsity(part.goal().sparsity()).at(0);
    return Pruner.of(part.method().initial())
        .with(part.goal().pattern())
        .with(part.goal().allocation())
        .seeded(part.seed())
        .prune(chosen, layer -> Evidence.none(), sparsity);
  }

  private static Map<Layer, Mask> given(Masks start, List<Layer> chosen) {
    Map<Layer, Mask> masks = new LinkedHashMap<>();
    for (Layer layer : chosen) {
      Mask mask = start.byLayer().get(layer.name());
      if (mask == null) {
        throw new IllegalArgumentException(
            "layer '%s' has no mask to start from; there are masks for %s"
                .formatted(layer.name(), start.byLayer().keySet()));
      }
      Check.that(
          mask.geometry().equals(layer.geometry()),
          "the mask of layer '%s' is for %s, the layer is %s",
          layer.name(),
          mask.geometry(),
          layer.geometry());
      masks.put(layer, mask);
    }
    return masks;
  }

  /** Draws the weights of a layer anew, if that was asked for and the mask was drawn too. */
  static void initialise(Part part, Layer layer, Mask mask) {
    if (part.start() == null && part.goal().initial() != Initialisation.KEEP) {
      float[] weights = part.goal().initial().draw(mask, part.seed(), layer.name());
      try (NDArray weight = layer.weight()) {
        weight.toByteBuffer(true).asFloatBuffer().put(weights); // a live view
      }
    }
  }
}

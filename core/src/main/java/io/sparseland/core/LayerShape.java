// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;

/**
 * What an {@link Allocation} needs to know of a layer.
 *
 * @param name dotted name
 * @param type of layer
 * @param geometry of its weight
 */
public record LayerShape(String name, LayerType type, Geometry geometry) {

  /** The shape of a layer. */
  public static LayerShape of(Layer layer) {
    return new LayerShape(layer.name(), layer.type(), layer.geometry());
  }

  /** The shapes of layers, in their order. */
  public static List<LayerShape> of(List<Layer> layers) {
    return layers.stream().map(LayerShape::of).toList();
  }

  /** Number of weights. */
  public int size() {
    return geometry.size();
  }
}

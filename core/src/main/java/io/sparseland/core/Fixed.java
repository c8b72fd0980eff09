// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A sparsity by layer name; layers not named get the sparsity asked for.
 *
 * @param sparsities name to sparsity, 0 to 1
 */
public record Fixed(Map<String, Double> sparsities) implements Allocation {

  /** Checks the sparsities and copies them. */
  public Fixed {
    sparsities.forEach((name, sparsity) -> Check.fraction("sparsity of " + name, sparsity));
    sparsities = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(sparsities));
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    List<String> names = layers.stream().map(LayerShape::name).toList();
    for (String name : sparsities.keySet()) {
      Check.that(
          names.contains(name), "no layer is called '%s'%s", name, NearNames.hint(name, names));
    }
    return layers.stream()
        .mapToLong(
            layer ->
                layer.size()
                    - Counts.pruned(sparsities.getOrDefault(layer.name(), sparsity), layer.size()))
        .toArray();
  }
}

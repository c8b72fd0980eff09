// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;

/** Every layer keeps {@code n - floor(sparsity · n)} of its n weights. */
public record Uniform() implements Allocation {

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    return layers.stream()
        .mapToLong(layer -> layer.size() - Counts.pruned(sparsity, layer.size()))
        .toArray();
  }
}

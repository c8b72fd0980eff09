// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;

/**
 * Every layer keeps as many weights as the same layer of a smaller dense perceptron has, so that
 * both cost the same multiplications: iso-FLOP for networks that are wider instead. The sparsity
 * asked for has no say.
 *
 * @param sizes input, hidden sizes and output of the dense perceptron
 */
public record LikeDense(List<Integer> sizes) implements Allocation {

  /** Copies the list. */
  public LikeDense {
    sizes = List.copyOf(sizes);
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    Check.that(
        layers.size() == sizes.size() - 1,
        "%d layers are selected, the dense network of sizes %s has %d",
        layers.size(),
        sizes,
        sizes.size() - 1);
    long[] kept = new long[layers.size()];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = (long) sizes.get(i) * sizes.get(i + 1);
      Check.that(
          kept[i] <= layers.get(i).size(),
          "layer '%s' has %d weights, fewer than the %d of the dense network",
          layers.get(i).name(),
          layers.get(i).size(),
          kept[i]);
    }
    return kept;
  }
}

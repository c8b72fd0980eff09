// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import java.util.List;
import java.util.function.Supplier;

/**
 * Linear layers with relu between them and none after the last.
 *
 * <p>The block flattens its input to {@code [batch, sizes[0]]} and returns {@code [batch,
 * sizes[last]]}. Its layers are named {@code linear.0}, {@code linear.1}, ...
 *
 * @param sizes input, hidden sizes and output, at least two, for example {@code [1024, 4096, 1024]}
 */
public record Mlp(List<Integer> sizes) implements Supplier<Block> {

  /** Checks that there are at least two sizes, each at least 1. */
  public Mlp {
    sizes = List.copyOf(sizes);
    if (sizes.size() < 2) {
      throw new IllegalArgumentException(
          "'mlp' needs at least two sizes (input and output), found " + sizes);
    }
    sizes.forEach(size -> Sizes.positive("mlp", size));
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    SequentialBlock block = new SequentialBlock();
    block.add(Blocks.batchFlattenBlock(sizes.get(0)));
    for (int i = 1; i < sizes.size(); i++) {
      if (i > 1) {
        block.add(Activation.reluBlock());
      }
      block.add(Linear.builder().setUnits(sizes.get(i)).build());
    }
    return block;
  }
}

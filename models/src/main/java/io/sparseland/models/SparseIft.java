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
 * A multi-layer perceptron whose layers, all but the last, are replaced by larger ones that cost
 * the same once they are sparse. Only layers whose name holds {@code sparse} are meant to be
 * pruned, to {@code sparsity}; the last layer and the low-rank part stay dense. At sparsity 0 it is
 * the plain perceptron (but for wide and parallel members' names).
 *
 * @param sizes input, hidden sizes and output of the dense perceptron, at least two
 * @param member what replaces a layer
 * @param sparsity that the layers will have, 0 to below 1
 * @see IsoFlop
 */
public record SparseIft(List<Integer> sizes, Member member, double sparsity)
    implements Supplier<Block> {

  /** What replaces a layer. */
  public enum Member {
    /** Hidden layers {@code sqrt(1 / (1 - s))} times as wide. */
    WIDE,
    /** {@code 1 / (1 - s)} layers whose outputs are added. */
    PARALLEL,
    /** Two sparse layers with more features between. */
    FACTORISED,
    /** One sparse layer and a dense product of low rank, added. */
    DOPED
  }

  /** Checks sizes and sparsity. */
  public SparseIft {
    sizes = List.copyOf(sizes);
    if (sizes.size() < 2) {
      throw new IllegalArgumentException(
          "'sparse_ift' needs at least two sizes (input and output), found " + sizes);
    }
    sizes.forEach(size -> Sizes.positive("sparse_ift", size));
    IsoFlop.widening(sparsity);
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    SequentialBlock block = new SequentialBlock();
    block.add(Blocks.batchFlattenBlock(sizes.get(0)));
    int last = sizes.size() - 1;
    int in = sizes.get(0);
    for (int i = 1; i < last; i++) {
      int out = member == Member.WIDE ? IsoFlop.wide(sizes.get(i), sparsity) : sizes.get(i);
      block.add(replacement(in, out));
      block.add(Activation.reluBlock());
      in = out;
    }
    block.add(Linear.builder().setUnits(sizes.get(last)).build());
    return block;
  }

  private Block replacement(int in, int out) {
    return switch (member) {
      case WIDE -> new AddedLayers(List.of(new AddedLayers.Path(out, 0, true)));
      case PARALLEL ->
          new AddedLayers(
              java.util.Collections.nCopies(
                  (int) Math.round(IsoFlop.branches(sparsity)),
                  new AddedLayers.Path(out, 0, true)));
      case FACTORISED ->
          new AddedLayers(
              List.of(
                  new AddedLayers.Path(
                      out, IsoFlop.up(IsoFlop.factorRank(in, out, sparsity)), true)));
      case DOPED -> doped(in, out);
    };
  }

  private Block doped(int in, int out) {
    int rank = IsoFlop.down(IsoFlop.dopedRank(in, out, sparsity));
    AddedLayers.Path sparse = new AddedLayers.Path(out, 0, true);
    return new AddedLayers(
        rank == 0 ? List.of(sparse) : List.of(sparse, new AddedLayers.Path(out, rank, false)));
  }
}

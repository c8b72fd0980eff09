// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import java.util.List;
import java.util.function.Supplier;

/**
 * 3x3 convolutions that keep height and width, each with relu and 2x2 average pooling, then linear
 * layers with relu, and one output per class. With 32 and 64 channels and 256 units it is the
 * network of JaxPruner's MNIST examples.
 *
 * <p>Takes {@code [batch, channels, height, width]}, gives logits {@code [batch, classes]}.
 *
 * @param channels of each convolution
 * @param hidden units of each linear layer but the last
 * @param classes size of the output
 * @see <a href="https://arxiv.org/abs/2304.14082">Lee et al. 2023, "JaxPruner: A concise library
 *     for sparsity research"</a>
 */
public record Cnn(List<Integer> channels, List<Integer> hidden, int classes)
    implements Supplier<Block> {

  /** Checks that every size is at least 1. */
  public Cnn {
    channels = List.copyOf(channels);
    hidden = List.copyOf(hidden);
    channels.forEach(size -> Sizes.positive("cnn", size));
    hidden.forEach(size -> Sizes.positive("cnn", size));
    Sizes.positive("cnn", classes);
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    SequentialBlock block = new SequentialBlock();
    for (int size : channels) {
      block
          .add(
              Conv2d.builder()
                  .setKernelShape(new Shape(3, 3))
                  .optPadding(new Shape(1, 1))
                  .setFilters(size)
                  .build())
          .add(Activation.reluBlock())
          .add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)));
    }
    block.add(Blocks.batchFlattenBlock());
    for (int size : hidden) {
      block.add(Linear.builder().setUnits(size).build()).add(Activation.reluBlock());
    }
    return block.add(Linear.builder().setUnits(classes).build());
  }
}

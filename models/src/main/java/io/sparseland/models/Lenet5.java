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
import java.util.function.Supplier;

/**
 * LeNet-5 in the form that pruning papers report on: 20 and 50 convolutions of 5x5, each followed
 * by 2x2 max pooling, then 500 units with relu and one output per class.
 *
 * <p>On {@code [batch, 1, 28, 28]} it has 430,500 weights (500 + 25,000 + 400,000 + 5,000) and 580
 * biases. Returns logits {@code [batch, classes]}.
 *
 * @param classes size of the output, 10 for digits
 */
public record Lenet5(int classes) implements Supplier<Block> {

  /** Checks that there is at least one class. */
  public Lenet5 {
    Sizes.positive("lenet5", classes);
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    return new SequentialBlock()
        .add(convolution(20))
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(convolution(50))
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(Blocks.batchFlattenBlock())
        .add(Linear.builder().setUnits(500).build())
        .add(Activation.reluBlock())
        .add(Linear.builder().setUnits(classes).build());
  }

  private static Conv2d convolution(int filters) {
    return Conv2d.builder().setKernelShape(new Shape(5, 5)).setFilters(filters).build();
  }
}

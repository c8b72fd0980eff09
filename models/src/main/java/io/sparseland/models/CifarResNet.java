// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import java.util.function.Supplier;

/**
 * The residual network for images of 32x32 with shortcuts of option A: {@code [batch, 3, 32, 32]}
 * to logits {@code [batch, classes]}. A convolution of 16 channels, three stages of 16, 32 and 64
 * channels with {@code blocks} {@link ResidualBlock}s each, the mean over the pixels, a linear
 * layer; {@code 6 · blocks + 2} layers in all.
 *
 * @param blocks per stage: 3 for ResNet-20, 9 for ResNet-56
 * @param classes size of the output
 * @see <a href="https://arxiv.org/abs/1512.03385">He et al. 2015, "Deep Residual Learning for Image
 *     Recognition", section 4.2</a>
 */
public record CifarResNet(int blocks, int classes) implements Supplier<Block> {

  /** Channels of the first stage; each further one has twice as many. */
  public static final int CHANNELS = 16;

  /** Number of stages. */
  public static final int STAGES = 3;

  /** Checks the sizes. */
  public CifarResNet {
    Sizes.positive("resnet-cifar", blocks);
    Sizes.positive("resnet-cifar", classes);
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    SequentialBlock block =
        new SequentialBlock().add(convolution(CHANNELS, 1)).add(norm()).add(Activation.reluBlock());
    int channels = CHANNELS;
    for (int stage = 0; stage < STAGES; stage++) {
      for (int i = 0; i < blocks; i++) {
        boolean grows = stage > 0 && i == 0;
        channels *= grows ? 2 : 1;
        block.add(new ResidualBlock(channels, grows));
      }
    }
    return block
        .add(Pool.globalAvgPool2dBlock())
        .add(Blocks.batchFlattenBlock())
        .add(Linear.builder().setUnits(classes).build());
  }

  static Conv2d convolution(int channels, int stride) {
    return Conv2d.builder()
        .setKernelShape(new Shape(3, 3))
        .setFilters(channels)
        .optStride(new Shape(stride, stride))
        .optPadding(new Shape(1, 1))
        .optBias(false)
        .build();
  }

  static BatchNorm norm() {
    return BatchNorm.builder().optEpsilon(1e-5f).build();
  }
}

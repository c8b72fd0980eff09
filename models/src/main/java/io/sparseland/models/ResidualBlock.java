// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * {@code relu(norm(conv(relu(norm(conv(x))))) + shortcut(x))}. The shortcut has no weights: where
 * channels double and the image halves, it takes every second pixel and adds channels of zeros,
 * half of them before and half behind.
 */
final class ResidualBlock extends AbstractBlock {

  private final int channels;
  private final boolean grows;
  private final Block first;
  private final Block firstNorm;
  private final Block second;
  private final Block secondNorm;

  ResidualBlock(int channels, boolean grows) {
    this.channels = channels;
    this.grows = grows;
    first = addChildBlock("first", CifarResNet.convolution(channels, grows ? 2 : 1));
    firstNorm = addChildBlock("firstNorm", CifarResNet.norm());
    second = addChildBlock("second", CifarResNet.convolution(channels, 1));
    secondNorm = addChildBlock("secondNorm", CifarResNet.norm());
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    Call call = new Call(parameters, training);
    NDArray x = inputs.singletonOrThrow(); // [batch, channels, height, width]
    NDArray inner = Activation.relu(call.of(firstNorm, call.of(first, x)));
    NDArray changed = call.of(secondNorm, call.of(second, inner));
    return new NDList(Activation.relu(changed.add(shortcut(x))));
  }

  private NDArray shortcut(NDArray x) {
    if (!grows) {
      return x;
    }
    NDArray small = x.get(new NDIndex(":,:,::2,::2"));
    NDArray zeros = small.get(new NDIndex(":,:{}", channels / 4)).mul(0);
    return zeros.concat(small, 1).concat(zeros, 1);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    first.initialize(manager, type, inputs);
    Shape[] inner = first.getOutputShapes(inputs);
    for (Block block : new Block[] {firstNorm, second, secondNorm}) {
      block.initialize(manager, type, inner);
    }
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return first.getOutputShapes(inputs);
  }
}

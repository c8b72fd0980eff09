// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.List;

/** Blocks the graph tests share. */
final class BlockZoo {

  private BlockZoo() {}

  /** Input [N, 3, 4]. */
  static SequentialBlock mlp() {
    return new SequentialBlock()
        .add(Blocks.batchFlattenBlock(12))
        .add(linear(8))
        .add(BatchNorm.builder().build())
        .add(Activation.reluBlock())
        .add(Dropout.builder().optRate(0.3f).build())
        .add(linear(4));
  }

  /** Input [N, 1, 12, 12]. */
  static SequentialBlock lenet5() {
    return new SequentialBlock()
        .add(conv(4, 3, 1))
        .add(Activation.reluBlock())
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(conv(6, 3, 1))
        .add(Activation::tanh)
        .add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(Blocks.batchFlattenBlock())
        .add(linear(5))
        .add(Activation::relu)
        .add(linear(3));
  }

  /** Input [N, 4, 6, 6]: residual sum, depth-wise and grouped convolution, lambdas. */
  static SequentialBlock residual() {
    SequentialBlock main =
        new SequentialBlock()
            .add(conv(8, 3, 4))
            .add(BatchNorm.builder().build())
            .add(conv(4, 3, 2));
    ParallelBlock sum =
        new ParallelBlock(lists -> new NDList(lists.get(0).head().add(lists.get(1).head())))
            .add(main)
            .add(Blocks.identityBlock());
    return new SequentialBlock()
        .add(sum)
        .addSingleton(x -> x.minimum(6).maximum(-6))
        .addSingleton(x -> x.sum(new int[] {2, 3}).div(36))
        .add(linear(3));
  }

  static Linear linear(int units) {
    return Linear.builder().setUnits(units).build();
  }

  static Conv2d conv(int filters, int kernel, int groups) {
    return Conv2d.builder()
        .setFilters(filters)
        .setKernelShape(new Shape(kernel, kernel))
        .optPadding(new Shape(1, 1))
        .optGroups(groups)
        .build();
  }

  /** An embedding and the output projection sharing one table; ids [N, S]. */
  static final class Tied extends AbstractBlock {

    private final Parameter table =
        addParameter(
            Parameter.builder()
                .setName("table")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(7, 4))
                .build());
    private final Block middle = addChildBlock("Middle", linear(4));

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDArray ids = inputs.singletonOrThrow();
      NDArray weight = store.getValue(table, ids.getDevice(), training);
      NDArray x =
          ids.getNDArrayInternal().embedding(ids, weight, SparseFormat.DENSE).singletonOrThrow();
      x = middle.forward(store, new NDList(x), training, params).singletonOrThrow();
      return x.getNDArrayInternal().linear(x, weight, null);
    }

    @Override
    public void initializeChildBlocks(
        ai.djl.ndarray.NDManager manager, ai.djl.ndarray.types.DataType type, Shape... shapes) {
      middle.initialize(manager, type, new Shape(1, 4));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] shapes) {
      return new Shape[] {shapes[0].addAll(new Shape(7))};
    }
  }

  /** What a block's author may write by hand: indices, joins, in-place steps, manager calls. */
  static final class Handmade extends Function {

    private final NDArray scale;

    /** Scale: an array outside the parameters. */
    Handmade(NDArray scale) {
      this.scale = scale;
    }

    @Override
    NDList apply(NDList inputs, boolean training) {
      NDArray x = inputs.head(); // [N, S, 6]
      long batch = x.getShape().get(0);
      long length = x.getShape().get(1);
      NDArray positions = x.getManager().arange(0f, (float) length).reshape(1, length, 1);
      NDArray bias = x.getManager().zeros(new Shape(batch, length, 1)).add(positions);
      NDArray left = x.get("..., :{}", 3);
      NDArray right = x.get(":, 0:" + length + ", 3:");
      NDArray y = NDArrays.concat(new NDList(left, right.mul(2)), -1).mul(scale).add(bias);
      y = y.get(new ai.djl.ndarray.index.NDIndex(":,:,{}", picks(x))).div(length);
      y.addi(1).negi();
      List<NDArray> parts = y.split(2, 2);
      NDArray z = NDArrays.stack(new NDList(parts), 0).sum(new int[] {0});
      if (training) {
        z = z.mul(3); // an operation inference does not run
      }
      return new NDList(z.get(":,{}", length - 1), z.reshape(batch * length, -1).softmax(-1));
    }

    private static NDArray picks(NDArray x) {
      return x.getManager().create(new int[] {0, 2, 5, 1});
    }
  }

  /** A block without parameters. */
  abstract static class Function extends AbstractBlock {

    abstract NDList apply(NDList inputs, boolean training);

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      return apply(inputs, training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] shapes) {
      return shapes;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Linear layers, or products of two, side by side; their outputs are added. */
final class AddedLayers extends AbstractBlock {

  /**
   * One way from input to output.
   *
   * @param out outputs
   * @param rank features between two layers; 0 for one layer
   * @param sparse whether it is to be pruned, which its name tells
   */
  record Path(int out, int rank, boolean sparse) {}

  private final int out;
  private final List<Block> paths = new ArrayList<>();

  AddedLayers(List<Path> paths) {
    this.out = paths.get(0).out();
    boolean first = true;
    for (Path path : paths) {
      this.paths.add(addChildBlock(path.sparse() ? "sparse" : "low", block(path, first)));
      first = false;
    }
  }

  /** One bias in all is enough: that of the first path. */
  private static Block block(Path path, boolean bias) {
    Linear last = Linear.builder().setUnits(path.out()).optBias(bias).build();
    if (path.rank() == 0) {
      return last;
    }
    return new SequentialBlock()
        .add(Linear.builder().setUnits(path.rank()).optBias(false).build())
        .add(last);
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    Call call = new Call(parameters, training);
    NDArray x = inputs.singletonOrThrow(); // [batch, in]
    NDArray sum = call.of(paths.get(0), x);
    for (Block path : paths.subList(1, paths.size())) {
      sum = sum.add(call.of(path, x));
    }
    return new NDList(sum); // [batch, out]
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    paths.forEach(path -> path.initialize(manager, type, inputs));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    Shape input = inputs[0];
    return new Shape[] {input.slice(0, input.dimension() - 1).add(out)};
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The block of a {@link Decoder}. */
final class DecoderBlock extends AbstractBlock {

  private static final float FORBIDDEN = 1e9f; // taken from a score per step into the future

  private final Decoder sizes;
  private final float[] cosines; // [context, head width / 2]
  private final float[] sines;
  private final TokenTable embedding;
  private final List<Block> layers = new ArrayList<>();
  private final Block norm;
  private final @Nullable Block head;

  DecoderBlock(Decoder sizes) {
    this.sizes = sizes;
    cosines = sizes.attention().rotary().cosines(sizes.context());
    sines = sizes.attention().rotary().sines(sizes.context());
    embedding = addChildBlock("embedding", new TokenTable(sizes.vocabulary(), sizes.width()));
    for (int i = 0; i < sizes.layers(); i++) {
      layers.add(addChildBlock("layer", new DecoderLayer(sizes)));
    }
    norm = addChildBlock("norm", new RmsNorm(sizes.width(), sizes.epsilon()));
    head =
        sizes.tied()
            ? null
            : addChildBlock(
                "head", Linear.builder().setUnits(sizes.vocabulary()).optBias(false).build());
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    NDArray ids = inputs.singletonOrThrow(); // [batch, time]
    long time = ids.getShape().get(1);
    if (time > sizes.context()) {
      throw new IllegalArgumentException(
          "%d tokens in one sequence; the model takes %d at most".formatted(time, sizes.context()));
    }
    NDManager manager = ids.getManager();
    NDArray cos = turns(manager, cosines, time);
    NDArray sin = turns(manager, sines, time);
    NDArray future = future(manager, time);
    NDArray x = embedding.forward(parameters, new NDList(ids), training).singletonOrThrow();
    for (Block layer : layers) {
      x =
          layer
              .forward(parameters, new NDList(x, cos, sin, future), training)
              .singletonOrThrow(); // [batch, time, width]
    }
    x = norm.forward(parameters, new NDList(x), training).singletonOrThrow();
    return head == null
        ? new NDList(embedding.scores(parameters, x, training))
        : head.forward(parameters, new NDList(x), training);
  }

  private NDArray turns(NDManager manager, float[] table, long time) {
    int half = sizes.attention().rotary().width() / 2;
    NDArray all = manager.create(table, new Shape(sizes.context(), 1, half));
    return all.get(new NDIndex(":{}", time)); // [time, 1, half]
  }

  /** What is added to the scores: 0 for the past and far below 0 for the future, [time, time]. */
  private NDArray future(NDManager manager, long time) {
    float[] positions = new float[sizes.context()];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = i;
    }
    NDArray now = manager.create(positions).get(new NDIndex(":{}", time));
    NDArray ahead = now.reshape(time, 1).sub(now.reshape(1, time)); // below 0 ahead of the row
    return ahead.minimum(0).mul(FORBIDDEN);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    embedding.initialize(manager, type, inputs[0]);
    Shape x = inputs[0].add(sizes.width());
    layers.forEach(layer -> layer.initialize(manager, type, x));
    norm.initialize(manager, type, x);
    if (head != null) {
      head.initialize(manager, type, x);
    }
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0].add(sizes.vocabulary())};
  }
}

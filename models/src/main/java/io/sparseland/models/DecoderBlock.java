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

  DecoderBlock(Decoder sizes, boolean biases) {
    this.sizes = sizes;
    cosines = sizes.attention().rotary().cosines(sizes.context());
    sines = sizes.attention().rotary().sines(sizes.context());
    embedding = addChildBlock("embedding", new TokenTable(sizes.vocabulary(), sizes.width()));
    for (int i = 0; i < sizes.layers(); i++) {
      layers.add(addChildBlock("layer", new DecoderLayer(sizes, biases)));
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
    NDArray ids = inputs.get(0); // [batch, time]
    boolean cached = inputs.size() > 1;
    if (cached && inputs.size() != 1 + 2 * layers.size()) {
      throw new IllegalArgumentException(
          "%d inputs; allowed: token ids, or token ids and %d keys and values"
              .formatted(inputs.size(), 2 * layers.size()));
    }
    long slots = cached ? inputs.get(1).getShape().get(2) : 0; // the first holds no token
    long past = cached ? slots - 1 : 0;
    long all = past + ids.getShape().get(1);
    if (all > sizes.context()) {
      throw new IllegalArgumentException(
          "%d tokens in one sequence; the model takes %d at most".formatted(all, sizes.context()));
    }
    NDManager manager = ids.getManager();
    NDArray cos = turns(manager, cosines, past, all);
    NDArray sin = turns(manager, sines, past, all);
    NDArray future = future(manager, past, all, cached);
    NDList outputs = new NDList();
    NDArray x = embedding.forward(parameters, new NDList(ids), training).singletonOrThrow();
    for (int i = 0; i < layers.size(); i++) {
      NDList in = new NDList(x, cos, sin, future);
      if (cached) {
        in.addAll(inputs.subNDList(1 + 2 * i, 3 + 2 * i));
      }
      NDList out = layers.get(i).forward(parameters, in, training);
      x = out.get(0); // [batch, time, width]
      outputs.addAll(out.subNDList(1));
    }
    x = norm.forward(parameters, new NDList(x), training).singletonOrThrow();
    NDArray logits =
        head == null
            ? embedding.scores(parameters, x, training)
            : head.forward(parameters, new NDList(x), training).singletonOrThrow();
    outputs.add(0, logits);
    return outputs;
  }

  private NDArray turns(NDManager manager, float[] table, long from, long to) {
    int half = sizes.attention().rotary().width() / 2;
    NDArray all = manager.create(table, new Shape(sizes.context(), 1, half));
    return all.get(new NDIndex("{}:{}", from, to)); // [time, 1, half]
  }

  /**
   * What is added to the scores: 0 for the past and far below 0 for the future, {@code [time,
   * all]}; with a cache one column more in front, as far off as the future.
   */
  private NDArray future(NDManager manager, long past, long all, boolean cached) {
    int front = cached ? 1 : 0;
    float[] positions = new float[sizes.context()];
    float[] columns = new float[sizes.context() + front];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = i;
      columns[i + front] = i;
    }
    if (cached) {
      columns[0] = sizes.context();
    }
    NDArray known = manager.create(columns).get(new NDIndex("{}:{}", 0, all + front));
    NDArray rows = manager.create(positions).get(new NDIndex("{}:{}", past, all));
    NDArray ahead = rows.reshape(all - past, 1).sub(known.reshape(1, all + front));
    return ahead.minimum(0).mul(FORBIDDEN); // below 0 ahead of the row
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
    if (inputs.length > 1) {
      throw new UnsupportedOperationException("known once it has run");
    }
    return new Shape[] {inputs[0].add(sizes.vocabulary())};
  }
}

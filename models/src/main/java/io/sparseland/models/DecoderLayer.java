// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * One layer of a {@link Decoder}: {@code m = x + output(attention(norm(x)))}, {@code y = m +
 * down(silu(gate(n)) · up(n))} with {@code n = norm(m)}. No biases, unless asked for behind {@code
 * output} and {@code down}.
 *
 * <p>Inputs: x {@code [batch, time, width]}, cosines and sines of {@link Rotary#turn}, and what is
 * added to the attention's scores {@code [time, past + time]}; with a cache, keys and values of the
 * past {@code [batch, groups, past, part]}, and then the outputs are y and the longer keys and
 * values.
 */
final class DecoderLayer extends AbstractBlock {

  private final Attention attention;
  private final Block attentionNorm;
  private final Block query;
  private final Block key;
  private final Block value;
  private final Block output;
  private final Block norm;
  private final Block gate;
  private final Block up;
  private final Block down;

  DecoderLayer(Decoder sizes, boolean biases) {
    attention = sizes.attention();
    attentionNorm = addChildBlock("attentionNorm", new RmsNorm(sizes.width(), sizes.epsilon()));
    query = addChildBlock("query", linear(attention.queryWidth()));
    key = addChildBlock("key", linear(attention.keyWidth()));
    value = addChildBlock("value", linear(attention.keyWidth()));
    output = addChildBlock("output", linear(sizes.width(), biases));
    norm = addChildBlock("norm", new RmsNorm(sizes.width(), sizes.epsilon()));
    gate = addChildBlock("gate", linear(sizes.hidden()));
    up = addChildBlock("up", linear(sizes.hidden()));
    down = addChildBlock("down", linear(sizes.width(), biases));
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    Call call = new Call(parameters, training);
    NDArray x = inputs.get(0); // [batch, time, width]
    NDList attending = attend(call, call.of(attentionNorm, x), inputs);
    NDArray attended = attending.get(0);
    NDArray middle = x.add(call.of(output, attended));
    NDArray normed = call.of(norm, middle);
    NDArray gated = Activation.swish(call.of(gate, normed), 1).mul(call.of(up, normed));
    NDList outputs = new NDList(middle.add(call.of(down, gated)));
    outputs.addAll(attending.subNDList(1));
    return outputs;
  }

  /** {@code softmax(q kᵀ / sqrt(part) + future) v}; all query heads of a group in one product. */
  private NDList attend(Call call, NDArray x, NDList inputs) {
    Rotary rotary = attention.rotary();
    long batch = x.getShape().get(0);
    long time = x.getShape().get(1);
    int part = rotary.width();
    long groups = attention.keyValueHeads();
    long shared = attention.heads() / groups;
    NDArray q = call.of(query, x).reshape(batch, time, attention.heads(), part);
    NDArray k = call.of(key, x).reshape(batch, time, groups, part);
    NDArray v = call.of(value, x).reshape(batch, time, groups, part).transpose(0, 2, 1, 3);
    q = rotary.turn(q, inputs.get(1), inputs.get(2));
    k = rotary.turn(k, inputs.get(1), inputs.get(2));
    boolean cached = inputs.size() > 4;
    NDList longer = new NDList();
    if (cached) {
      k = inputs.get(4).concat(k.transpose(0, 2, 1, 3), 2); // [batch, groups, past + time, part]
      v = inputs.get(5).concat(v, 2);
      longer = new NDList(k, v);
    }
    long all = v.getShape().get(2);
    k = cached ? k.transpose(0, 1, 3, 2) : k.transpose(0, 2, 3, 1); // [batch, groups, part, all]
    q =
        q.reshape(batch, time, groups, shared, part)
            .transpose(0, 2, 3, 1, 4)
            .reshape(batch, groups, shared * time, part);
    NDArray weights =
        Scaled.by(q.matMul(k), 1 / Math.sqrt(part))
            .reshape(batch, groups, shared, time, all)
            .add(inputs.get(3))
            .softmax(-1)
            .reshape(batch, groups, shared * time, all);
    NDArray attended =
        weights
            .matMul(v) // [batch, groups, shared * time, part]
            .reshape(batch, groups, shared, time, part)
            .transpose(0, 3, 1, 2, 4)
            .reshape(batch, time, attention.queryWidth());
    longer.add(0, attended);
    return longer;
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    Shape x = inputs[0];
    for (Block block : new Block[] {attentionNorm, query, key, value, norm, gate, up}) {
      block.initialize(manager, type, x);
    }
    output.initialize(manager, type, query.getOutputShapes(new Shape[] {x})[0]);
    down.initialize(manager, type, gate.getOutputShapes(new Shape[] {x})[0]);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0]};
  }

  private static Block linear(int units) {
    return linear(units, false);
  }

  private static Block linear(int units, boolean bias) {
    return Linear.builder().setUnits(units).optBias(bias).build();
  }
}

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
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * One encoder layer of BERT, of stock {@link Linear} and {@link LayerNorm} blocks: {@code x1 =
 * norm(x + attention(x))}, {@code y = norm(x1 + W2 gelu(W1 x1))}, with {@code attention = softmax(Q
 * K' / sqrt(width / heads)) V} per head and a linear layer behind it. A second input is added to
 * the attention's scores {@code [batch, heads, seq, seq]}. No dropout.
 *
 * @see <a href="https://arxiv.org/abs/1810.04805">Devlin et al. 2018, "BERT: Pre-training of Deep
 *     Bidirectional Transformers for Language Understanding"</a>
 */
final class EncoderLayer extends AbstractBlock {

  private static final float EPSILON = 1e-12f; // BERT's

  private final int heads;
  private final Block query;
  private final Block key;
  private final Block value;
  private final Block output;
  private final Block attentionNorm;
  private final Block hidden;
  private final Block back;
  private final Block norm;

  EncoderLayer(int width, int heads, int hiddenWidth) {
    this.heads = heads;
    query = addChildBlock("query", linear(width));
    key = addChildBlock("key", linear(width));
    value = addChildBlock("value", linear(width));
    output = addChildBlock("output", linear(width));
    attentionNorm = addChildBlock("attentionNorm", norm());
    hidden = addChildBlock("hidden", linear(hiddenWidth));
    back = addChildBlock("back", linear(width));
    norm = addChildBlock("norm", norm());
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    Call call = new Call(parameters, training);
    NDArray x = inputs.get(0); // [batch, seq, width]
    NDArray added = inputs.size() > 1 ? inputs.get(1) : null;
    NDArray attended = call.of(output, attention(call, x, added));
    NDArray middle = call.of(attentionNorm, x.add(attended));
    NDArray wide = Activation.gelu(call.of(hidden, middle)); // [batch, seq, hidden]
    return new NDList(call.of(norm, middle.add(call.of(back, wide))));
  }

  private NDArray attention(Call call, NDArray x, @Nullable NDArray added) {
    Shape shape = x.getShape();
    long batch = shape.get(0);
    long seq = shape.get(1);
    long width = shape.get(2);
    Shape split = new Shape(batch, seq, heads, width / heads);
    NDArray q = call.of(query, x).reshape(split).transpose(0, 2, 1, 3); // [batch, heads, seq, part]
    NDArray k = call.of(key, x).reshape(split).transpose(0, 2, 3, 1); // [batch, heads, part, seq]
    NDArray v = call.of(value, x).reshape(split).transpose(0, 2, 1, 3);
    NDArray scores =
        Scaled.by(q.matMul(k), 1 / Math.sqrt(width / (double) heads)); // [batch, heads, seq, seq]
    NDArray weights = (added == null ? scores : scores.add(added)).softmax(-1);
    return weights.matMul(v).transpose(0, 2, 1, 3).reshape(shape);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    Shape x = inputs[0];
    for (Block block : new Block[] {query, key, value, output, attentionNorm}) {
      block.initialize(manager, type, x);
    }
    hidden.initialize(manager, type, x);
    Shape wide = hidden.getOutputShapes(new Shape[] {x})[0];
    back.initialize(manager, type, wide);
    norm.initialize(manager, type, x);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0]};
  }

  private static Block linear(int units) {
    return Linear.builder().setUnits(units).build();
  }

  static Block norm() {
    return LayerNorm.builder().axis(2).optEpsilon(EPSILON).build();
  }
}

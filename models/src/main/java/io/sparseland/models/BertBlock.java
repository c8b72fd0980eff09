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
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.sparseland.models.Bert.Output;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The block of a {@link Bert}. */
final class BertBlock extends AbstractBlock {

  private static final int TYPES = 2; // segments
  private static final float PADDED = 1e9f; // taken from a score for padding
  private static final int[] TIME = {1};

  private final Bert sizes;
  private final TokenTable embedding;
  private final TokenTable position;
  private final TokenTable type;
  private final Block embeddingNorm;
  private final List<Block> layers = new ArrayList<>();
  private final @Nullable Vocabulary vocabulary;

  /** The masked-LM head: {@code embedding · norm(gelu(transform x)) + bias}. */
  private record Vocabulary(Block transform, Block norm, Parameter bias) {}

  BertBlock(Bert sizes) {
    this.sizes = sizes;
    int width = sizes.width();
    embedding = addChildBlock("embedding", new TokenTable(sizes.vocabulary(), width));
    position = addChildBlock("position", new TokenTable(sizes.context(), width));
    type = addChildBlock("type", new TokenTable(TYPES, width));
    embeddingNorm = addChildBlock("embeddingNorm", EncoderLayer.norm());
    for (int i = 0; i < sizes.layers(); i++) {
      layers.add(addChildBlock("layer", new EncoderLayer(width, sizes.heads(), sizes.hidden())));
    }
    vocabulary =
        sizes.output() == Output.VOCABULARY
            ? new Vocabulary(
                addChildBlock("transform", Linear.builder().setUnits(width).build()),
                addChildBlock("transformNorm", EncoderLayer.norm()),
                addParameter(
                    Parameter.builder()
                        .setName("vocabularyBias")
                        .setType(Parameter.Type.BIAS)
                        .optShape(new Shape(sizes.vocabulary()))
                        .build()))
            : null;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    Call call = new Call(parameters, training);
    NDArray ids = inputs.get(0); // [batch, time]
    NDArray mask = inputs.size() > 1 ? inputs.get(1).toType(DataType.FLOAT32, false) : null;
    NDArray x = call.of(embeddingNorm, embedded(call, ids)); // [batch, time, width]
    NDArray padding = mask == null ? null : mask.sub(1).mul(PADDED).expandDims(1).expandDims(1);
    for (Block layer : layers) {
      NDList given = padding == null ? new NDList(x) : new NDList(x, padding);
      x = layer.forward(parameters, given, training).singletonOrThrow();
    }
    return new NDList(
        switch (sizes.output()) {
          case TOKENS -> x;
          case MEAN -> mean(x, mask);
          case FIRST -> x.get(new NDIndex(":,0"));
          case VOCABULARY -> logits(call, x);
        });
  }

  private NDArray embedded(Call call, NDArray ids) {
    long time = ids.getShape().get(1);
    if (time > sizes.context()) {
      throw new IllegalArgumentException(
          "%d tokens in one sequence; the model takes %d at most".formatted(time, sizes.context()));
    }
    float[] counted = new float[sizes.context()];
    for (int i = 0; i < counted.length; i++) {
      counted[i] = i;
    }
    NDManager manager = ids.getManager();
    NDArray positions = manager.create(counted).get(new NDIndex(":{}", time));
    NDArray segment = manager.create(new float[1]);
    return call.of(embedding, ids)
        .add(call.of(position, positions)) // [time, width]
        .add(call.of(type, segment)); // [1, width]
  }

  private static NDArray mean(NDArray x, @Nullable NDArray mask) {
    if (mask == null) {
      return x.mean(TIME);
    }
    NDArray counted = mask.expandDims(2); // [batch, time, 1]
    return x.mul(counted).sum(TIME).div(counted.sum(TIME));
  }

  private NDArray logits(Call call, NDArray x) {
    if (vocabulary == null) {
      throw new IllegalStateException("no masked-LM head");
    }
    NDArray hidden = Activation.gelu(call.of(vocabulary.transform(), x));
    NDArray scores =
        embedding.scores(call.parameters(), call.of(vocabulary.norm(), hidden), call.training());
    return scores.add(
        call.parameters().getValue(vocabulary.bias(), x.getDevice(), call.training()));
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape x = inputs[0].add(sizes.width());
    embedding.initialize(manager, dataType, inputs[0]);
    position.initialize(manager, dataType, inputs[0]);
    type.initialize(manager, dataType, inputs[0]);
    embeddingNorm.initialize(manager, dataType, x);
    layers.forEach(layer -> layer.initialize(manager, dataType, x));
    if (vocabulary != null) {
      vocabulary.transform().initialize(manager, dataType, x);
      vocabulary.norm().initialize(manager, dataType, x);
    }
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    Shape ids = inputs[0];
    return new Shape[] {
      switch (sizes.output()) {
        case TOKENS -> ids.add(sizes.width());
        case MEAN, FIRST -> new Shape(ids.get(0), sizes.width());
        case VOCABULARY -> ids.add(sizes.vocabulary());
      }
    };
  }
}

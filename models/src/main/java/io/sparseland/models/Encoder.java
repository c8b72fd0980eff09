// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import java.util.function.Supplier;

/**
 * A stack of transformer encoder layers without embeddings, as in BERT: {@code [batch, seq, width]}
 * to the same shape. BERT base is {@code {layers: 12, width: 768, heads: 12, hidden: 3072}}, MiniLM
 * {@code {layers: 6, width: 384, heads: 12, hidden: 1536}}.
 *
 * @param layers number of {@link EncoderLayer}s
 * @param width features of a token
 * @param heads of the attention; must divide the width
 * @param hidden features between the two linear layers behind the attention
 */
public record Encoder(int layers, int width, int heads, int hidden) implements Supplier<Block> {

  /** Checks that every size is at least 1 and that the heads divide the width. */
  public Encoder {
    Sizes.positive("encoder", layers);
    Sizes.positive("encoder", width);
    Sizes.positive("encoder", heads);
    Sizes.positive("encoder", hidden);
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "'encoder' has %d heads for a width of %d; heads must divide the width"
              .formatted(heads, width));
    }
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    SequentialBlock block = new SequentialBlock();
    for (int i = 0; i < layers; i++) {
      block.add(new EncoderLayer(width, heads, hidden));
    }
    return block;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.nn.Block;
import java.util.function.Supplier;

/**
 * An encoder of the BERT type: token ids {@code [batch, time]} (int64, or fp32 that holds integers)
 * to what its {@link Output} says. A second input of the same shape, 1 for tokens and 0 for
 * padding, may be given; without it every token counts. All tokens are of segment 0.
 *
 * <p>Layers are named {@code embedding}, {@code position}, {@code type}, {@code layer.N.query}
 * (key, value, output, hidden, back) and {@code transform}.
 *
 * @param vocabulary number of tokens
 * @param context most tokens of one sequence
 * @param layers of {@link Encoder}
 * @param width features of a token
 * @param heads of the attention; must divide the width
 * @param hidden features inside the feed-forward part
 * @param output what is returned
 * @see <a href="https://arxiv.org/abs/1810.04805">Devlin et al. 2018, "BERT: Pre-training of Deep
 *     Bidirectional Transformers for Language Understanding"</a>
 */
public record Bert(
    int vocabulary, int context, int layers, int width, int heads, int hidden, Output output)
    implements Supplier<Block> {

  /** What the block returns. */
  public enum Output {
    /** Features of every token, {@code [batch, time, width]}. */
    TOKENS,
    /** The mean over the tokens, {@code [batch, width]}. */
    MEAN,
    /** Features of the first token, {@code [batch, width]}. */
    FIRST,
    /** Masked-LM logits, {@code [batch, time, vocabulary]}. */
    VOCABULARY
  }

  /** Checks that every size is at least 1 and that the heads divide the width. */
  public Bert {
    Sizes.positive("bert", vocabulary);
    Sizes.positive("bert", context);
    new Encoder(layers, width, heads, hidden);
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    return new BertBlock(this);
  }
}

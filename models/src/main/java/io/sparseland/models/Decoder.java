// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

/**
 * A causal language model of the Llama type: token ids {@code [batch, time]} (int64, or fp32 that
 * holds integers) to logits {@code [batch, time, vocabulary]}. The logits at a position depend on
 * the tokens up to it only.
 *
 * <p>With a key/value cache the inputs are the new tokens and what {@link #emptyCache} began and
 * the last call gave back; the outputs are the new tokens' logits and the longer cache.
 *
 * <p>Layers are named {@code embedding}, {@code layer.N.query} (key, value, output, gate, up, down)
 * and, where the output is not tied to the embedding, {@code head}.
 *
 * @param vocabulary number of tokens
 * @param context most tokens of one sequence
 * @param layers of attention and feed-forward
 * @param width features of a token
 * @param hidden features inside the feed-forward part
 * @param attention heads and positions
 * @param epsilon of the norms
 * @param tied whether the output matrix is the embedding
 * @see <a href="https://arxiv.org/abs/2302.13971">Touvron et al. 2023, "LLaMA: Open and Efficient
 *     Foundation Language Models", section 2.2</a>
 */
public record Decoder(
    int vocabulary,
    int context,
    int layers,
    int width,
    int hidden,
    Attention attention,
    float epsilon,
    boolean tied)
    implements Supplier<Block> {

  private static final long LONGEST = 1 << 28; // angles of the positions

  /** Checks that every size is at least 1. */
  public Decoder {
    for (int size : new int[] {vocabulary, context, layers, width, hidden}) {
      Sizes.positive("decoder", size);
    }
    if ((long) context * attention.rotary().width() > LONGEST) {
      throw new IllegalArgumentException("a context of " + context + " tokens is too long");
    }
    if (!(epsilon > 0 && epsilon < 1)) {
      throw new IllegalArgumentException("epsilon " + epsilon + " must be above 0 and below 1");
    }
  }

  /**
   * Keys and values of no tokens, two arrays a layer. The first slot never holds a token and is
   * never looked at: the runtime takes no array without elements.
   */
  public NDList emptyCache(NDManager manager, int batch) {
    NDList cache = new NDList();
    cacheShapes(batch, 0).forEach(shape -> cache.add(manager.zeros(shape)));
    return cache;
  }

  /**
   * The shapes of a cache that holds some tokens: {@code [batch, key heads, 1 + tokens, head
   * width]}.
   */
  public List<Shape> cacheShapes(long batch, long tokens) {
    Shape one = new Shape(batch, attention.keyValueHeads(), 1 + tokens, attention.rotary().width());
    return Collections.nCopies(2 * layers, one);
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    return new DecoderBlock(this, false);
  }

  /**
   * A fresh block whose layers {@code output} and {@code down} have biases, 0 at first: a method
   * after training may put there what pruned weights gave on average.
   */
  public Block withBiases() {
    return new DecoderBlock(this, true);
  }
}

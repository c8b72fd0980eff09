// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import java.util.List;

/**
 * What a causal language model, token ids {@code [batch, time]} to logits {@code [batch, time,
 * vocabulary]}, makes of tokens. Gradient recording should be off on the calling thread.
 *
 * @param block the initialised model
 * @param manager of its arrays
 */
public record LanguageModel(Block block, NDManager manager) {

  /**
   * {@code exp(-mean log p(token | the tokens before it))}, over every token of the sequences but
   * the first of each; sums in fp64.
   *
   * @param sequences of token ids, each from its start token
   * @throws IllegalArgumentException if there is nothing to predict
   */
  public double perplexity(List<int[]> sequences) {
    double nats = 0;
    long tokens = 0;
    for (int[] sequence : sequences) {
      if (sequence.length > 1) {
        nats += nats(sequence);
        tokens += sequence.length - 1;
      }
    }
    if (tokens == 0) {
      throw new IllegalArgumentException("no sequence has a second token to predict");
    }
    return Math.exp(nats / tokens);
  }

  private double nats(int[] sequence) {
    int time = sequence.length - 1;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      NDArray logits = logits(Arrays.copyOf(sequence, time)).squeeze(0); // [time, vocabulary]
      NDArray next =
          manager.create(
              Arrays.stream(sequence, 1, time + 1).asLongStream().toArray(), new Shape(time, 1));
      NDArray chosen = logits.logSoftmax(1).gather(next, 1); // [time, 1]
      return -chosen.toType(DataType.FLOAT64, false).sum().getDouble();
    }
  }

  /**
   * The most probable continuation, token by token; ties take the lower id.
   *
   * @param prompt token ids, at least one
   * @param count tokens to add
   * @return the added tokens
   */
  public int[] greedy(int[] prompt, int count) {
    int[] all = Arrays.copyOf(prompt, prompt.length + count);
    for (int length = prompt.length; length < all.length; length++) {
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        NDArray logits = logits(Arrays.copyOf(all, length));
        all[length] = Math.toIntExact(logits.get(new NDIndex("0,-1")).argMax().getLong());
      }
    }
    return Arrays.copyOfRange(all, prompt.length, all.length);
  }

  /**
   * The same with a key/value cache, so that every step computes one token only.
   *
   * @param empty a cache of no tokens for a batch of 1, see {@link
   *     io.sparseland.models.Decoder#emptyCache}; it stays the caller's
   */
  public int[] greedy(int[] prompt, int count, NDList empty) {
    int[] added = new int[count];
    int[] fed = prompt;
    NDList cache = empty;
    for (int i = 0; i < count; i++) {
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        NDList inputs = new NDList(ids(fed));
        inputs.addAll(cache);
        NDList outputs = block.forward(new ParameterStore(manager, false), inputs, false);
        added[i] = Math.toIntExact(outputs.get(0).get(new NDIndex("0,-1")).argMax().getLong());
        fed = new int[] {added[i]};
        NDList longer = outputs.subNDList(1);
        longer.forEach(NDScope::unregister);
        if (i > 0) { // the first is the caller's
          cache.close();
        }
        cache = longer;
      }
    }
    if (count > 0) {
      cache.close();
    }
    return added;
  }

  private NDArray ids(int[] tokens) {
    return manager.create(
        Arrays.stream(tokens).asLongStream().toArray(), new Shape(1, tokens.length));
  }

  private NDArray logits(int[] tokens) {
    return block
        .forward(new ParameterStore(manager, false), new NDList(ids(tokens)), false)
        .singletonOrThrow();
  }
}

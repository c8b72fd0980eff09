// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.nn.Block;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The fully connected LeNet: image, hidden layers with relu, one output per class.
 *
 * <p>{@code Lenet.of(300, 100)} is LeNet-300-100: 266,200 weights on 28x28 images and 410 biases.
 * The block takes {@code [batch, channels, height, width]} (or anything that flattens to {@code
 * inputs} numbers) and returns logits {@code [batch, classes]}.
 *
 * @param inputs numbers per image, 784 for 28x28
 * @param hidden sizes of the hidden layers, in order; may be empty
 * @param classes size of the output
 * @see <a href="https://doi.org/10.1109/5.726791">LeCun et al. 1998, "Gradient-Based Learning
 *     Applied to Document Recognition"</a>
 */
public record Lenet(int inputs, List<Integer> hidden, int classes) implements Supplier<Block> {

  /** Checks that every size is at least 1. */
  public Lenet {
    hidden = List.copyOf(hidden);
    sizes(inputs, hidden, classes).forEach(size -> Sizes.positive("lenet", size));
  }

  /** LeNet for 28x28 images and ten classes. */
  public static Lenet of(Integer... hidden) {
    return new Lenet(784, List.of(hidden), 10);
  }

  /** A fresh, uninitialised block. */
  @Override
  public Block get() {
    return new Mlp(sizes(inputs, hidden, classes)).get();
  }

  private static List<Integer> sizes(int inputs, List<Integer> hidden, int classes) {
    List<Integer> sizes = new ArrayList<>();
    sizes.add(inputs);
    sizes.addAll(hidden);
    sizes.add(classes);
    return sizes;
  }
}

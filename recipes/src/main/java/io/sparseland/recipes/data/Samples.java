// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.training.Examples;
import java.util.Arrays;

/** Labelled examples as plain arrays. */
public final class Samples {

  private final float[] inputs; // [size, item...]
  private final Shape item;
  private final float[] labels; // [size]

  Samples(float[] inputs, Shape item, float[] labels) {
    this.inputs = inputs;
    this.item = item;
    this.labels = labels;
  }

  /** How many. */
  public int size() {
    return labels.length;
  }

  /** Shape of one input, without the batch. */
  public Shape item() {
    return item;
  }

  /** The class of an example. */
  public int label(int index) {
    return (int) labels[index];
  }

  /** The largest class number. */
  public int largestLabel() {
    float largest = 0;
    for (float label : labels) {
      largest = Math.max(largest, label);
    }
    return (int) largest;
  }

  /** The same for the training loop. */
  public Examples examples() {
    return Examples.of(inputs, item, labels);
  }

  /** Inputs of {@code count} examples from {@code from} on, starting over at the end. */
  public float[] inputs(int from, int count) {
    int width = Math.toIntExact(item.size());
    float[] batch = new float[Math.multiplyExact(count, width)];
    for (int i = 0; i < count; i++) {
      System.arraycopy(inputs, (from + i) % size() * width, batch, i * width, width);
    }
    return batch;
  }

  /** The same as an array {@code [count, item...]}. */
  public NDArray batch(NDManager manager, int from, int count) {
    return manager.create(inputs(from, count), new Shape(count).addAll(item));
  }

  /** Labels of {@code count} examples from {@code from} on. */
  public NDArray labels(NDManager manager, int from, int count) {
    return manager.create(Arrays.copyOfRange(labels, from, from + count));
  }
}

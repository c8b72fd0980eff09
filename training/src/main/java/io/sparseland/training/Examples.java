// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Check;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Labelled examples held in memory: the fast path into {@link TrainLoop}.
 *
 * <p>Batches are gathered from the plain arrays into one reused buffer, so an epoch creates no
 * arrays. The order of an epoch depends on (seed, epoch) alone.
 */
public final class Examples {

  private final float[] inputs; // [size, item...]
  private final Shape item;
  private final int width;
  private final float[] labels; // [size]
  private final int size;

  private Examples(float[] inputs, Shape item, float[] labels, int size) {
    this.inputs = inputs;
    this.item = item;
    this.width = Math.toIntExact(item.size());
    this.labels = labels;
    this.size = size;
  }

  /**
   * Examples over the given arrays, which are not copied and must not be changed.
   *
   * @param inputs {@code [size, item...]}, row-major
   * @param item shape of one input, without the batch dimension
   * @param labels one class index (or target value) per example
   * @throws IllegalArgumentException if the counts do not fit together or there is no example
   */
  public static Examples of(float[] inputs, Shape item, float[] labels) {
    Check.that(item.size() > 0, "item shape is %s, allowed: known sizes above 0", item);
    Check.that(labels.length > 0, "no examples");
    Check.that(
        inputs.length == labels.length * item.size(),
        "%d input values for %d labels of shape %s, allowed: %d",
        inputs.length,
        labels.length,
        item,
        labels.length * item.size());
    return new Examples(inputs, item, labels, labels.length);
  }

  /** Number of examples. */
  public int size() {
    return size;
  }

  /** Shape of one input, without the batch dimension. */
  public Shape item() {
    return item;
  }

  /** The label of one example. */
  public float label(int index) {
    Check.that(index >= 0 && index < size, "example %d, allowed: 0 to %d", index, size - 1);
    return labels[index];
  }

  /** The first examples, sharing the arrays. */
  public Examples first(int count) {
    Check.that(count >= 1 && count <= size, "first %d examples, allowed: 1 to %d", count, size);
    return new Examples(inputs, item, labels, count);
  }

  /** The last examples, copied. */
  public Examples last(int count) {
    Check.that(count >= 1 && count <= size, "last %d examples, allowed: 1 to %d", count, size);
    int from = size - count;
    return new Examples(
        Arrays.copyOfRange(inputs, from * width, size * width),
        item,
        Arrays.copyOfRange(labels, from, size),
        count);
  }

  /** Shape of a batch of inputs. */
  Shape batchShape(int batch) {
    return new Shape(batch).addAll(item);
  }

  /** The order of one epoch: a Fisher-Yates shuffle keyed by seed and epoch. */
  int[] order(long seed, int epoch) {
    SplittableRandom random =
        new SplittableRandom(new SplittableRandom(seed).nextLong() ^ (0x5DEECE66DL * (epoch + 1L)));
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /**
   * Copies the examples {@code order[from .. from + count)} into the buffers, from their start.
   *
   * @param order which examples, or null for their own order
   */
  void gather(
      int @org.jspecify.annotations.Nullable [] order,
      int from,
      int count,
      FloatBuffer inputsTo,
      FloatBuffer labelsTo) {
    for (int i = 0; i < count; i++) {
      int example = order == null ? from + i : order[from + i];
      inputsTo.put(i * width, inputs, example * width, width);
      labelsTo.put(i, labels[example]);
    }
  }
}

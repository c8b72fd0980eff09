// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Check;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

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
  private final List<Calibrator.Labelled> ready; // batches that are there already, else empty

  private Examples(float[] inputs, Shape item, float[] labels, int size) {
    this.ready = List.of();
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

  private Examples(List<Calibrator.Labelled> ready) {
    this.ready = List.copyOf(ready);
    this.inputs = new float[0];
    Shape first = ready.get(0).data().head().getShape();
    this.item = first.slice(1);
    this.width = 0;
    this.labels = new float[0];
    this.size = ready.size();
  }

  /**
   * Batches that are made already, of any shapes; each counts as one example, so train with batch
   * 1. For sequences of many lengths.
   *
   * @param batches they stay the caller's, open until training is over
   */
  public static Examples ready(List<Calibrator.Labelled> batches) {
    Check.that(!batches.isEmpty(), "no batches");
    return new Examples(batches);
  }

  /** The batch that is made already, or null. */
  Calibrator.@Nullable Labelled batch(int index) {
    return ready.isEmpty() ? null : ready.get(index);
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
    Check.that(ready.isEmpty(), "batches that are made already have no single labels");
    Check.that(index >= 0 && index < size, "example %d, allowed: 0 to %d", index, size - 1);
    return labels[index];
  }

  /** The first examples, sharing the arrays. */
  public Examples first(int count) {
    Check.that(count >= 1 && count <= size, "first %d examples, allowed: 1 to %d", count, size);
    return ready.isEmpty()
        ? new Examples(inputs, item, labels, count)
        : new Examples(ready.subList(0, count));
  }

  /** The last examples, copied. */
  public Examples last(int count) {
    Check.that(count >= 1 && count <= size, "last %d examples, allowed: 1 to %d", count, size);
    int from = size - count;
    if (!ready.isEmpty()) {
      return new Examples(ready.subList(from, size));
    }
    return new Examples(
        Arrays.copyOfRange(inputs, from * width, size * width),
        item,
        Arrays.copyOfRange(labels, from, size),
        count);
  }

  /** Shape of a batch of inputs. */
  Shape batchShape(int batch) {
    return ready.isEmpty() ? new Shape(batch).addAll(item) : ready.get(0).data().head().getShape();
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
      int @Nullable [] order, int from, int count, FloatBuffer inputsTo, FloatBuffer labelsTo) {
    for (int i = 0; i < count; i++) {
      int example = order == null ? from + i : order[from + i];
      inputsTo.put(i * width, inputs, example * width, width);
      labelsTo.put(i, labels[example]);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * Random numbers in place of data, to measure speed: inputs from U(-1, 1), labels drawn evenly;
 * half as many test as training examples.
 *
 * @param shape of one example
 * @param classes labels are below this
 * @param samples training examples
 * @param seed of the numbers; the data does not depend on the recipe's seed
 * @param batch examples per step
 */
public record RandomData(
    List<Integer> shape,
    @Default("10") int classes,
    @Default("1024") int samples,
    @Default("1") int seed,
    @Default("64") int batch)
    implements DataSource {

  /** Checks that there is something to draw. */
  public RandomData {
    Sizes.batch(batch);
    shape = List.copyOf(shape);
    if (shape.isEmpty() || shape.stream().anyMatch(s -> s < 1)) {
      throw new IllegalArgumentException("shape " + shape + " needs sizes of at least 1");
    }
    if (classes < 1) {
      throw new IllegalArgumentException("classes " + classes + " must be at least 1");
    }
    if (samples < 2) {
      throw new IllegalArgumentException("samples " + samples + " must be at least 2");
    }
  }

  @Override
  public DataFacts facts(DataFolders folders) {
    return new DataFacts(shape, samples, samples / 2, "random numbers");
  }

  @Override
  public Examples open(DataFolders folders, NDManager manager) throws IOException {
    Random random = new Random(seed);
    return new Examples(
        inputs(random, manager, samples),
        labels(random, manager, samples),
        inputs(random, manager, samples / 2),
        labels(random, manager, samples / 2),
        "random:" + seed,
        Optional.of("the data is random: accuracy means nothing here"));
  }

  private NDArray inputs(Random random, NDManager manager, int count) {
    long[] sizes =
        LongStream.concat(LongStream.of(count), shape.stream().mapToLong(Integer::longValue))
            .toArray();
    long size = count;
    for (int s : shape) {
      size = Math.multiplyExact(size, s);
    }
    float[] values = new float[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() * 2 - 1;
    }
    return manager.create(values, new Shape(sizes));
  }

  private NDArray labels(Random random, NDManager manager, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(classes);
    }
    return manager.create(values);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.types.Shape;
import io.sparseland.recipes.language.Default;
import java.util.List;
import java.util.Optional;
import java.util.Random;

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
    implements LabelledSource {

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
  public LabelledData open(DataFolders folders) {
    Random random = new Random(seed);
    return new LabelledData(
        examples(random, samples),
        examples(random, samples / 2),
        "random:" + seed,
        Optional.of("the data is random: accuracy means nothing here"));
  }

  /** The training examples alone. */
  public Samples draw() {
    return examples(new Random(seed), samples);
  }

  private Samples examples(Random random, int count) {
    Shape item = new Shape(shape.stream().mapToLong(Integer::longValue).toArray());
    float[] inputs = new float[Math.toIntExact(Math.multiplyExact(item.size(), (long) count))];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = random.nextFloat() * 2 - 1;
    }
    float[] labels = new float[count];
    for (int i = 0; i < count; i++) {
      labels[i] = random.nextInt(classes);
    }
    return new Samples(inputs, item, labels);
  }
}

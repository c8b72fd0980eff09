// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import io.sparseland.core.graph.Tracer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NormStatisticsTest {

  private static final Shape SHAPE = new Shape(6, 3, 8, 8);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    manager.getEngine().setRandomSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void statistics_are_those_of_all_data_on_what_the_norms_before_give() {
    Block[] blocks = blocks();
    NDArray data = manager.randomNormal(SHAPE).mul(3).add(1);

    int norms = NormStatistics.recompute(Tracer.trace(joined(blocks), SHAPE), split(data, 4));

    assertThat(norms).isEqualTo(2);
    NDArray x = data;
    for (Block block : blocks) {
      if (block instanceof BatchNorm) {
        assertStatistics(block, x);
      }
      x = block.forward(new ParameterStore(manager, false), new NDList(x), false).head();
    }
  }

  @Test
  void any_split_into_batches_gives_the_same() {
    Block[] blocks = blocks();
    NDArray data = manager.randomNormal(SHAPE);
    NormStatistics.recompute(Tracer.trace(joined(blocks), SHAPE), List.of(new NDList(data)));
    float[] whole = values(blocks[4], "runningVar");

    NormStatistics.recompute(Tracer.trace(joined(blocks), SHAPE), split(data, 1));

    assertThat(values(blocks[4], "runningVar")).containsExactly(whole, within(1e-6f));
  }

  @Test
  void nothing_but_the_statistics_changes() {
    Block[] blocks = blocks();
    Block all = joined(blocks);
    float[] scale = values(blocks[1], "gamma");
    float[] weight = values(blocks[0], "weight");

    NormStatistics.recompute(Tracer.trace(all, SHAPE), split(manager.randomNormal(SHAPE), 2));

    assertThat(values(blocks[1], "gamma")).isEqualTo(scale);
    assertThat(values(blocks[0], "weight")).isEqualTo(weight);
    assertThat(values(blocks[1], "runningMean")).isNotEqualTo(new float[4]);
  }

  @Test
  void a_norm_over_features_has_their_statistics() {
    Block norm = BatchNorm.builder().build();
    Block block = initialized(new Shape(5, 3), norm);
    NDArray x =
        manager.create(new float[] {1, 2, 3, 5, 2, 3, 9, 2, 4, 1, 2, 5, 4, 2, 5}, new Shape(5, 3));

    NormStatistics.recompute(Tracer.trace(block, new Shape(5, 3)), List.of(new NDList(x)));

    // 1, 5, 9, 1, 4: mean 4, squares 9 + 1 + 25 + 9 + 0 = 44; 3, 3, 4, 5, 5: mean 4, squares 4
    assertThat(values(norm, "runningMean")).containsExactly(4, 2, 4);
    assertThat(values(norm, "runningVar")).containsExactly(11, 0, 1);
  }

  @Test
  void values_that_are_not_finite_are_refused_with_the_norm() {
    Block[] blocks = blocks();
    NDArray data = manager.full(SHAPE, Float.NaN);

    assertThatThrownBy(
            () ->
                NormStatistics.recompute(
                    Tracer.trace(joined(blocks), SHAPE), List.of(new NDList(data))))
        .hasMessageContaining("batch norm")
        .hasMessageContaining("channel 0");
  }

  @Test
  void without_a_norm_there_is_nothing_to_do() {
    Block block = initialized(new Shape(2, 3), Linear.builder().setUnits(2).build());

    int norms =
        NormStatistics.recompute(
            Tracer.trace(block, new Shape(2, 3)),
            List.of(new NDList(manager.ones(new Shape(2, 3)))));

    assertThat(norms).isZero();
  }

  private void assertStatistics(Block norm, NDArray input) {
    float[] x = input.toFloatArray();
    int channels = (int) input.getShape().get(1);
    int places = (int) (input.getShape().size() / input.getShape().get(0)) / channels;
    for (int c = 0; c < channels; c++) {
      double sum = 0;
      double squares = 0;
      int count = 0;
      for (int i = 0; i < x.length; i++) {
        if (i / places % channels == c) {
          sum += x[i];
          count++;
        }
      }
      for (int i = 0; i < x.length; i++) {
        if (i / places % channels == c) {
          squares += (x[i] - sum / count) * (x[i] - sum / count);
        }
      }
      assertThat((double) values(norm, "runningMean")[c]).isCloseTo(sum / count, within(1e-5));
      assertThat((double) values(norm, "runningVar")[c])
          .isCloseTo(squares / (count - 1), within(1e-5 * squares / count));
    }
  }

  private static float[] values(Block block, String parameter) {
    for (Parameter each : block.getDirectParameters().values()) {
      if (each.getName().equals(parameter)) {
        return each.getArray().toFloatArray();
      }
    }
    throw new IllegalArgumentException(parameter);
  }

  private Block[] blocks() {
    return new Block[] {
      convolution(4),
      BatchNorm.builder().build(),
      Activation.reluBlock(),
      convolution(5),
      BatchNorm.builder().build()
    };
  }

  private static Block convolution(int filters) {
    return Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(filters).build();
  }

  private Block joined(Block... blocks) {
    return initialized(SHAPE, blocks);
  }

  private Block initialized(Shape shape, Block... blocks) {
    SequentialBlock all = new SequentialBlock();
    for (Block block : blocks) {
      all.add(block);
    }
    if (!all.isInitialized()) {
      all.initialize(manager, DataType.FLOAT32, shape);
    }
    return all;
  }

  private static List<NDList> split(NDArray data, int size) {
    int count = (int) data.getShape().get(0);
    return java.util.stream.IntStream.range(0, (count + size - 1) / size)
        .mapToObj(
            i -> new NDList(data.get("%d:%d".formatted(i * size, Math.min(count, (i + 1) * size)))))
        .toList();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CalibratorTest {

  private static final Set<Statistic> SQUARES = Set.of(Statistic.INPUT_MEAN_SQUARE);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void mean_squares_of_the_fixture_are_those_of_the_specification() {
    Block block = linear(4, 3);
    float[] expected = {8.5f / 6, .67f / 6, 8.75f / 6, 7.75f / 6};

    Evidence evidence = collect(block, new Shape(1, 4), rows(0, 6)).get(0);

    assertThat(evidence.samples(Statistic.INPUT_MEAN_SQUARE)).isEqualTo(6);
    float[] found = evidence.get(Statistic.INPUT_MEAN_SQUARE).toFloatArray();
    assertThat(found).containsExactly(expected, within(1e-6f));
  }

  @Test
  void any_split_into_batches_gives_the_same() {
    Block block = linear(4, 3);

    Evidence whole = collect(block, new Shape(1, 4), rows(0, 6)).get(0);
    Evidence split = collect(block, new Shape(1, 4), rows(0, 1), rows(1, 4), rows(4, 6)).get(0);

    assertThat(split.get(Statistic.INPUT_MEAN_SQUARE).toFloatArray())
        .containsExactly(whole.get(Statistic.INPUT_MEAN_SQUARE).toFloatArray(), within(1e-7f));
    assertThat(split.samples(Statistic.INPUT_MEAN_SQUARE)).isEqualTo(6);
  }

  @Test
  void every_token_of_a_sequence_counts() {
    Block block = linear(2, 3);
    NDArray batch =
        manager.create(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, new Shape(2, 2, 2)); // [2, 2, 2]

    Evidence evidence = collect(block, new Shape(1, 2, 2), batch).get(0);

    assertThat(evidence.samples(Statistic.INPUT_MEAN_SQUARE)).isEqualTo(4);
    assertThat(evidence.get(Statistic.INPUT_MEAN_SQUARE).toFloatArray())
        .containsExactly(21, 30); // (1 + 9 + 25 + 49) / 4, (4 + 16 + 36 + 64) / 4
  }

  @Test
  void squares_that_overflow_fp32_do_not_overflow_the_sum() {
    Block block = linear(1, 1);
    float[] values = new float[1000];
    Arrays.fill(values, 0x1p60f); // 2^120 each; 1000 of them are more than 2^128

    Evidence evidence =
        collect(block, new Shape(1, 1), manager.create(values, new Shape(1000, 1))).get(0);

    assertThat(evidence.get(Statistic.INPUT_MEAN_SQUARE).toFloatArray()).containsExactly(0x1p120f);
  }

  @Test
  void columns_of_a_convolution_see_all_positions_and_the_zeros_of_the_padding() {
    Block block =
        Conv2d.builder()
            .setKernelShape(new Shape(3, 2))
            .setFilters(4)
            .optGroups(2)
            .optStride(new Shape(2, 1))
            .optPadding(new Shape(1, 1))
            .optBias(false)
            .build();
    Shape shape = new Shape(2, 4, 5, 6);
    block.initialize(manager, DataType.FLOAT32, shape);
    Random random = new Random(1);
    float[] x = new float[2 * 4 * 5 * 6];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }

    Evidence evidence = collect(block, shape, manager.create(x, shape)).get(0);

    // im2col by loops: outputs 3 x 7, column (channel of the group, kh, kw)
    double[] sums = new double[2 * 2 * 3 * 2];
    for (int n = 0; n < 2; n++) {
      for (int oh = 0; oh < 3; oh++) {
        for (int ow = 0; ow < 7; ow++) {
          for (int c = 0; c < 4; c++) {
            for (int kh = 0; kh < 3; kh++) {
              for (int kw = 0; kw < 2; kw++) {
                int h = oh * 2 - 1 + kh;
                int w = ow - 1 + kw;
                if (h >= 0 && h < 5 && w >= 0 && w < 6) {
                  double value = x[((n * 4 + c) * 5 + h) * 6 + w];
                  sums[(c * 3 + kh) * 2 + kw] += value * value;
                }
              }
            }
          }
        }
      }
    }
    NDArray found = evidence.get(Statistic.INPUT_MEAN_SQUARE);
    assertThat(found.getShape()).isEqualTo(new Shape(2, 12));
    assertThat(evidence.samples(Statistic.INPUT_MEAN_SQUARE)).isEqualTo(2 * 3 * 7);
    float[] means = found.toFloatArray();
    for (int i = 0; i < sums.length; i++) {
      assertThat((double) means[i]).isCloseTo(sums[i] / 42, within(1e-6));
    }
  }

  @Test
  void the_gradient_is_the_mean_over_batches_and_leaves_nothing_behind() {
    Block block = network();
    List<Calibrator.Labelled> batches = labelled(3);
    List<Layer> layers = Layers.of(block, new Shape(1, 5));
    Loss loss = Loss.softmaxCrossEntropyLoss();

    Map<String, Evidence> evidence =
        Calibrator.collect(
            block, batches, Calibrator.Gradients.of(loss), Set.of(Statistic.GRADIENT), layers);

    for (Layer layer : layers) {
      NDArray weight = layer.weight();
      float[] found = of(evidence, layer).get(Statistic.GRADIENT).toFloatArray();
      assertThat(of(evidence, layer).samples(Statistic.GRADIENT)).isEqualTo(3);
      assertThat(of(evidence, layer).get(Statistic.GRADIENT).getShape())
          .isEqualTo(weight.getShape());
      for (int i = 0; i < found.length; i += 3) {
        // central difference: error about h^2 / 6 f''' + 2^-24 f / h = 1e-3
        float at = weight.toFloatArray()[i];
        set(weight, i, at + 1e-2f);
        double up = mean(block, batches, loss);
        set(weight, i, at - 1e-2f);
        double down = mean(block, batches, loss);
        set(weight, i, at);
        assertThat((double) found[i]).isCloseTo((up - down) / 2e-2, within(1e-3));
      }
      NDArray left = layer.parameter().getArray().getGradient();
      assertThat(left.abs().sum().getFloat()).isZero();
    }
  }

  @Test
  void both_statistics_come_from_one_pass_over_the_data() {
    Block block = network();
    List<Layer> layers = Layers.of(block, new Shape(1, 5));

    Map<String, Evidence> evidence =
        Calibrator.collect(
            block,
            labelled(2),
            Calibrator.Gradients.of(Loss.softmaxCrossEntropyLoss()),
            Set.of(Statistic.GRADIENT, Statistic.INPUT_MEAN_SQUARE),
            layers);

    assertThat(evidence.keySet())
        .containsExactlyElementsOf(layers.stream().map(Layer::name).toList());
    assertThat(evidence.values())
        .allSatisfy(
            found -> {
              assertThat(found.available())
                  .containsExactlyInAnyOrder(Statistic.GRADIENT, Statistic.INPUT_MEAN_SQUARE);
              assertThat(found.samples(Statistic.INPUT_MEAN_SQUARE)).isEqualTo(8);
            });
  }

  @Test
  void calibration_changes_neither_weights_nor_the_number_of_arrays() {
    Block block = network();
    List<Layer> layers = Layers.of(block, new Shape(1, 5));
    List<float[]> before = layers.stream().map(Scores::weights).toList();
    List<Calibrator.Batch> batches = List.of(Calibrator.Batch.of(labelled(1).get(0).data()));
    int arrays = manager.getManagedArrays().size();

    Calibrator.collect(block, batches, SQUARES, layers);

    assertThat(manager.getManagedArrays()).hasSize(arrays);
    for (int l = 0; l < layers.size(); l++) {
      assertThat(Scores.weights(layers.get(l))).isEqualTo(before.get(l));
    }
  }

  @Test
  void inputs_that_are_no_numbers_are_refused_by_layer_and_column() {
    Block block = linear(2, 2);

    assertThatThrownBy(
            () ->
                collect(
                    block,
                    new Shape(1, 2),
                    manager.create(new float[] {1, Float.NaN}, new Shape(1, 2))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("INPUT_MEAN_SQUARE of layer linear at index 1 is NaN");
  }

  @Test
  void means_variances_and_second_moments_are_exact_for_any_split_into_batches() {
    Block block = linear(4, 3);
    Set<Statistic> needs =
        Set.of(Statistic.INPUT_MEAN, Statistic.INPUT_VARIANCE, Statistic.INPUT_GRAM);
    List<Layer> layers = Layers.of(block, new Shape(1, 4));
    double[] variance = {1.4, 0.352 / 3 + 0.001 / 3, 1.341667, 1.341667}; // post-training.md 9

    for (int cut = 1; cut < 6; cut++) {
      List<Calibrator.Batch> batches =
          List.of(
              Calibrator.Batch.of(new NDList(rows(0, cut))),
              Calibrator.Batch.of(new NDList(rows(cut, 6))));
      Evidence evidence =
          Calibrator.collect(block, batches, needs, layers).values().iterator().next();

      assertThat(evidence.get(Statistic.INPUT_MEAN).toDoubleArray())
          .containsExactly(new double[] {0.5, 0.7 / 6, 3.5 / 6, 2.5 / 6}, within(1e-8));
      assertThat(evidence.get(Statistic.INPUT_VARIANCE).toDoubleArray())
          .containsExactly(variance, within(1e-6));
      double[] gram = evidence.get(Statistic.INPUT_GRAM).toDoubleArray();
      assertThat(gram[0]).isCloseTo(8.5 / 6, within(1e-12));
      // post-training.md 4: H_01 = -0.333333 = 2 mean(x0 x1)
      assertThat(gram[1]).isCloseTo(-1 / 6.0, within(1e-7));
      assertThat(gram[4]).isEqualTo(gram[1]);
    }
  }

  @Test
  void padding_does_not_count() {
    Block block = linear(2, 3);
    NDArray batch = manager.create(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, new Shape(2, 2, 2));
    NDArray counted = manager.create(new float[] {1, 0, 1, 1}, new Shape(2, 2));
    List<Calibrator.Batch> batches =
        List.of(new Calibrator.Batch(new NDList(batch), java.util.Optional.of(counted)));

    Evidence evidence =
        Calibrator.collect(block, batches, SQUARES, Layers.of(block, new Shape(1, 2, 2)))
            .values()
            .iterator()
            .next();

    assertThat(evidence.samples(Statistic.INPUT_MEAN_SQUARE)).isEqualTo(3);
    assertThat(evidence.get(Statistic.INPUT_MEAN_SQUARE).toFloatArray())
        .containsExactly(25, 104 / 3f); // (1 + 25 + 49) / 3, (4 + 36 + 64) / 3
  }

  @Test
  void no_data_is_refused() {
    Block block = linear(2, 2);

    assertThatThrownBy(() -> collect(block, new Shape(1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there is no calibration batch");
  }

  @Test
  void a_gradient_without_labels_is_refused() {
    Block block = linear(2, 2);
    List<Layer> layers = Layers.of(block, new Shape(1, 2));

    assertThatThrownBy(
            () -> Calibrator.collect(block, List.of(), Set.of(Statistic.GRADIENT), layers))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs labels and a loss");
  }

  private List<Evidence> collect(Block block, Shape shape, NDArray... batches) {
    List<Calibrator.Batch> lists =
        Arrays.stream(batches).map(a -> Calibrator.Batch.of(new NDList(a))).toList();
    return new ArrayList<>(
        Calibrator.collect(block, lists, SQUARES, Layers.of(block, shape)).values());
  }

  private static Evidence of(Map<String, Evidence> evidence, Layer layer) {
    return requireNonNull(evidence.get(layer.name()));
  }

  private Block linear(int in, int out) {
    Block block = Linear.builder().setUnits(out).build();
    block.initialize(manager, DataType.FLOAT32, new Shape(1, in));
    return block;
  }

  private Block network() {
    Block block =
        new SequentialBlock()
            .add(Blocks.batchFlattenBlock())
            .add(Linear.builder().setUnits(6).build())
            .add(Dropout.builder().optRate(0.5f).build())
            .add(ai.djl.nn.Activation::sigmoid)
            .add(Linear.builder().setUnits(3).build());
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 5));
    return block;
  }

  private List<Calibrator.Labelled> labelled(int count) {
    Random random = new Random(6);
    List<Calibrator.Labelled> batches = new ArrayList<>();
    for (int b = 0; b < count; b++) {
      float[] x = new float[20];
      for (int i = 0; i < 20; i++) {
        x[i] = (float) random.nextGaussian();
      }
      batches.add(
          new Calibrator.Labelled(
              new NDList(manager.create(x, new Shape(4, 5))),
              new NDList(manager.create(new float[] {0, 1, 2, b}, new Shape(4)))));
    }
    return batches;
  }

  private double mean(Block block, List<Calibrator.Labelled> batches, Loss loss) {
    double sum = 0;
    for (Calibrator.Labelled batch : batches) {
      NDList predictions = block.forward(new ParameterStore(manager, false), batch.data(), false);
      sum += loss.evaluate(batch.labels(), predictions).getFloat();
    }
    return sum / batches.size();
  }

  private static void set(NDArray weight, int index, float value) {
    weight.toByteBuffer(true).asFloatBuffer().put(index, value); // the storage itself
  }

  private NDArray rows(int from, int to) {
    float[] flat = new float[(to - from) * 4];
    for (int i = from; i < to; i++) {
      System.arraycopy(Fixtures.x0()[i], 0, flat, (i - from) * 4, 4);
    }
    return manager.create(flat, new Shape(to - from, 4));
  }
}

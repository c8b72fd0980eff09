// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Geometry;
import io.sparseland.core.LayerType;
import io.sparseland.core.Torch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is seen of layers while a block runs: inputs, patches, output gradients. */
class CaptureTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    Engine.getEngine("PyTorch").setRandomSeed(3);
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void the_result_does_not_change_and_every_layer_shows_its_input() {
    SequentialBlock block = initialised(BlockZoo.residual(), new Shape(2, 4, 6, 6));
    NDArray x = manager.randomNormal(new Shape(2, 4, 6, 6));
    Map<String, Shape> seen = new LinkedHashMap<>();
    Map<String, Integer> groups = new LinkedHashMap<>();
    NDList plain = Torch.withoutGradients(() -> block.forward(store(), new NDList(x), false));

    NDList captured =
        Torch.withoutGradients(
            () ->
                Capture.forward(
                    block,
                    store(),
                    new NDList(x),
                    (layer, weight, input, use) -> {
                      seen.put(layer, input.getShape());
                      groups.put(layer, use.groups());
                    }));

    assertThat(captured.head().toFloatArray()).isEqualTo(plain.head().toFloatArray());
    assertThat(captured.head()).isInstanceOf(plain.head().getClass());
    assertThat(seen)
        .containsExactly(
            Map.entry("parallelBlock.sequentialBlock.conv2d.0", new Shape(2, 4, 6, 6)),
            Map.entry("parallelBlock.sequentialBlock.conv2d.1", new Shape(2, 8, 6, 6)),
            Map.entry("linear", new Shape(2, 4)));
    assertThat(groups.values()).containsExactly(4, 2, 1);
  }

  @Test
  void patches_times_weight_is_the_convolution_with_stride_padding_dilation_and_groups() {
    Conv2d conv =
        Conv2d.builder()
            .setFilters(6)
            .setKernelShape(new Shape(3, 2))
            .optStride(new Shape(2, 1))
            .optPadding(new Shape(1, 2))
            .optDilation(new Shape(2, 3))
            .optGroups(2)
            .optBias(false)
            .build();
    patchesGiveOutput(conv, new Shape(3, 4, 7, 5), 2);
  }

  @Test
  void patches_of_a_one_dimensional_convolution() {
    Conv1d conv =
        Conv1d.builder()
            .setFilters(4)
            .setKernelShape(new Shape(3))
            .optStride(new Shape(2))
            .optPadding(new Shape(1))
            .optBias(false)
            .build();
    patchesGiveOutput(conv, new Shape(2, 3, 9), 1);
  }

  /** Pieces of every size, from one output row to all samples at once, must add up. */
  private void patchesGiveOutput(Block conv, Shape shape, int groups) {
    SequentialBlock block = initialised(new SequentialBlock().add(conv), shape);
    NDArray x = manager.randomNormal(shape);
    NDArray weight = conv.getDirectParameters().get("weight").getArray().stopGradient();
    Geometry geometry = Geometry.convolution(weight.getShape(), groups);
    NDArray expected =
        Torch.withoutGradients(() -> block.forward(store(), new NDList(x), false))
            .singletonOrThrow();
    int rows = geometry.out() / groups;
    NDArray matrix = weight.reshape(groups, rows, geometry.in());
    for (long bytes : new long[] {1, 900, 2_000, 1 << 20}) {
      List<NDArray> perGroup = new ArrayList<>();
      List<float[]> squares = new ArrayList<>();
      int[] pieces = {0};
      Capture.forward(
          block,
          store(),
          new NDList(x),
          (layer, w, input, use) -> {
            assertThat(use.type()).isEqualTo(LayerType.CONVOLUTION);
            List<NDList> parts = new ArrayList<>();
            for (int g = 0; g < groups; g++) {
              parts.add(new NDList());
            }
            Patches.forEach(
                input,
                geometry,
                use,
                bytes,
                (g, patches) -> {
                  assertThat(patches.getShape().get(1)).isEqualTo(geometry.in());
                  NDScope.unregister(patches); // keeps it after the call
                  parts.get(g).add(patches);
                  pieces[0]++;
                });
            for (int g = 0; g < groups; g++) {
              NDArray all = ai.djl.ndarray.NDArrays.concat(parts.get(g), 0); // [positions, in]
              assertThat(all.getShape().get(0)).isEqualTo(Patches.positions(input, geometry, use));
              squares.add(all.square().sum(new int[] {0}).toFloatArray());
              perGroup.add(all.matMul(matrix.get(g).transpose())); // [positions, rows]
            }
            try (NDArray sums = Patches.sumOfSquares(input, geometry, use)) {
              double[] found = sums.toDoubleArray();
              for (int i = 0; i < found.length; i++) {
                assertThat(found[i])
                    .isCloseTo(squares.get(i / geometry.in())[i % geometry.in()], within(1e-4));
              }
            }
          });
      assertThat(pieces[0]).isGreaterThanOrEqualTo(bytes == 1 ? groups * 2 : groups);
      NDArray y = ai.djl.ndarray.NDArrays.concat(new NDList(perGroup), 1); // [positions, out]
      long samples = shape.get(0);
      NDArray order =
          y.reshape(samples, y.getShape().get(0) / samples, geometry.out()).transpose(0, 2, 1);
      assertThat(order.reshape(expected.getShape()).sub(expected).abs().max().getFloat())
          .isLessThan(1e-5f);
    }
  }

  @Test
  void a_probe_s_gradient_times_the_input_is_the_weight_s_gradient() {
    SequentialBlock block = initialised(BlockZoo.mlp(), new Shape(5, 3, 4));
    NDArray x = manager.randomNormal(new Shape(5, 3, 4));
    Map<String, NDArray> inputs = new LinkedHashMap<>();
    try (Probes probes = new Probes(block, layer -> layer.startsWith("linear"))) {
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        NDList y =
            probes.forward(
                store(),
                new NDList(x),
                true,
                (layer, weight, input, use) -> inputs.put(layer, input));
        collector.backward(y.head().square().sum());
      }
      assertThat(probes.layers()).containsExactlyInAnyOrder("linear.0", "linear.1");
      Torch.withoutGradients(
          () -> {
            for (String layer : probes.layers()) {
              NDArray g = probes.gradients(layer).get(0); // [N, out]
              NDArray dw = g.transpose().matMul(requireNonNull(inputs.get(layer))); // G^T X
              int index = layer.equals("linear.0") ? 1 : 5;
              NDArray expected =
                  block
                      .getChildren()
                      .valueAt(index)
                      .getDirectParameters()
                      .get("weight")
                      .getArray()
                      .getGradient();
              assertThat(expected.abs().max().getFloat()).isGreaterThan(1e-3f);
              assertThat(dw.sub(expected).abs().max().getFloat()).isLessThan(1e-5f);
            }
          });
      assertThatThrownBy(() -> probes.gradients("linear.7"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("linear.7")
          .hasMessageContaining("linear.0");
    }
  }

  private ParameterStore store() {
    return new ParameterStore(manager, false);
  }

  private <B extends Block> B initialised(B block, Shape shape) {
    block.initialize(manager, DataType.FLOAT32, shape);
    return block;
  }
}

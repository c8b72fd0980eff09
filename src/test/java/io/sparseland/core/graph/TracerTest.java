// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Layers;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TracerTest {

  private static SequentialBlock mlp(NDManager manager) {
    SequentialBlock block =
        new SequentialBlock()
            .add(Blocks.batchFlattenBlock(12))
            .add(Linear.builder().setUnits(8).build())
            .add(BatchNorm.builder().build())
            .add(Activation.reluBlock())
            .add(Dropout.builder().optRate(0.3f).build())
            .add(Linear.builder().setUnits(4).build());
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 4));
    return block;
  }

  @Test
  void mlp_has_named_operations_layers_and_a_symbolic_batch() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Graph graph = Tracer.trace(mlp(manager), new Shape(1, 3, 4));

      assertThat(graph.operations())
          .extracting(Operation::name)
          .containsExactly("reshape", "linear", "batchNorm", "relu", "dropout", "linear");
      assertThat(graph.operations().get(5).resultShapes()).hasToString("[[batch, 4]]");
      assertThat(graph.operations().get(2).arguments()).contains(new Argument.TrainingFlag());
      assertThat(graph.operations().get(4).arguments()).contains(new Argument.TrainingFlag());
      assertThat(graph.operations())
          .extracting(Operation::layer)
          .containsExactly("", "linear.0", "batchNorm", "", "", "linear.1");
      assertThat(Layers.of(graph))
          .extracting(Layer::name, Layer::type, Layer::geometry)
          .containsExactly(
              org.assertj.core.groups.Tuple.tuple(
                  "linear.0", LayerType.LINEAR, Geometry.linear(8, 12)),
              org.assertj.core.groups.Tuple.tuple(
                  "batchNorm", LayerType.NORM, Geometry.linear(8, 1)),
              org.assertj.core.groups.Tuple.tuple(
                  "linear.1", LayerType.LINEAR, Geometry.linear(4, 8)));
      assertThat(graph.parameters())
          .extracting(NamedParameter::name)
          .containsExactly(
              "linear.0.weight",
              "linear.0.bias",
              "batchNorm.gamma",
              "batchNorm.beta",
              "batchNorm.runningMean",
              "batchNorm.runningVar",
              "linear.1.weight",
              "linear.1.bias");
    }
  }

  @Test
  void an_outline_is_one_run_with_the_operations_and_sizes_of_the_trace() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      AtomicInteger runs = new AtomicInteger();
      SequentialBlock block =
          mlp(manager)
              .add(
                  new LambdaBlock(
                      x -> {
                        runs.incrementAndGet();
                        return x;
                      }));
      Graph traced = Tracer.trace(block, new Shape(3, 3, 4));
      runs.set(0);

      Graph outline = Tracer.outline(block, TraceInput.of(new Shape(3, 3, 4)));

      assertThat(runs).hasValue(1);
      assertThat(outline.operations())
          .extracting(Operation::name)
          .isEqualTo(traced.operations().stream().map(Operation::name).toList());
      assertThat(outline.operations().get(5).resultShapes()).hasToString("[[3, 4]]");
      assertThat(Layers.of(outline))
          .extracting(Layer::name)
          .isEqualTo(Layers.of(traced).stream().map(Layer::name).toList());
      assertThat(outline.trainingRefusal()).isPresent();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.util.Pair;
import io.sparseland.core.Torch;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tracing leaves no trace. */
class TracerEffectsTest {

  private static final Shape INPUT = new Shape(1, 4, 6, 6);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void parameters_running_statistics_and_array_counts_stay_as_they_are_over_fifty_traces() {
    Block block = BlockZoo.residual();
    block.initialize(manager, DataType.FLOAT32, INPUT);
    Map<String, float[]> before = values(block);
    int count = arrays();

    for (int i = 0; i < 50; i++) {
      assertThat(Tracer.trace(block, INPUT).operations()).hasSize(9);
    }

    assertThat(arrays()).isEqualTo(count);
    values(block).forEach((name, v) -> assertThat(v).as(name).isEqualTo(before.get(name)));
    assertThat(manager.getManagedArrays()).noneMatch(NDArray::isReleased);
  }

  @Test
  void a_forward_that_edits_its_weight_does_not_edit_the_model() {
    Block block =
        new SequentialBlock()
            .add(BlockZoo.linear(3))
            .add(
                new BlockZoo.Function() {
                  private final Parameter steps =
                      addParameter(
                          Parameter.builder()
                              .setName("steps")
                              .setType(Parameter.Type.OTHER)
                              .optShape(new Shape(1))
                              .optRequiresGrad(false)
                              .optInitializer(ai.djl.training.initializer.Initializer.ZEROS)
                              .build());

                  @Override
                  protected ai.djl.ndarray.NDList forwardInternal(
                      ai.djl.training.ParameterStore store,
                      ai.djl.ndarray.NDList inputs,
                      boolean training,
                      ai.djl.util.PairList<String, Object> params) {
                    NDArray x = inputs.head();
                    NDArray count = store.getValue(steps, x.getDevice(), training);
                    return apply(new ai.djl.ndarray.NDList(x, count.addi(1)), training);
                  }

                  @Override
                  ai.djl.ndarray.NDList apply(ai.djl.ndarray.NDList inputs, boolean training) {
                    return new ai.djl.ndarray.NDList(inputs.get(0).mul(inputs.get(1)));
                  }
                });
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 4));

    Graph graph = Tracer.trace(block, new Shape(1, 4));

    assertThat(graph.operations())
        .extracting(Operation::mutates)
        .containsExactly(false, true, false);
    assertThat(block.getParameters().valueAt(2).getArray().toFloatArray()).containsExactly(0f);
  }

  @Test
  void any_thread_traces_the_same_and_gets_its_gradient_mode_back() {
    Block block = BlockZoo.mlp();
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 4));
    String here = Tracer.trace(block, new Shape(1, 3, 4)).toString();
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      CompletableFuture<String> there =
          CompletableFuture.supplyAsync(
              () -> {
                boolean mode = Torch.recordsGradients();
                String graph = Tracer.trace(block, new Shape(1, 3, 4)).toString();
                assertThat(mode).isTrue();
                assertThat(Torch.recordsGradients()).isTrue();
                return graph;
              },
              other);
      assertThat(there.join()).isEqualTo(here);
    } finally {
      other.shutdown();
    }
  }

  private int arrays() {
    return manager.getManagedArrays().size() + manager.getParentManager().getManagedArrays().size();
  }

  private static Map<String, float[]> values(Block block) {
    Map<String, float[]> values = new LinkedHashMap<>();
    for (Pair<String, Parameter> p : block.getParameters()) {
      values.put(p.getKey(), p.getValue().getArray().toFloatArray());
    }
    return values;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.sparseland.core.Torch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GraphBlockTest {

  private static final Shape INPUT = new Shape(4, 3, 4);

  @Test
  void it_trains_in_easy_train_like_the_block_it_replays() throws Exception {
    float[] original = trained(false);
    float[] replayed = trained(true);
    assertThat(replayed).isEqualTo(original);
    assertThat(original).isNotEqualTo(untrained());
  }

  @Test
  void parameters_survive_saving_and_loading() throws Exception {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      GraphBlock block = new GraphBlock(Tracer.trace(block(manager, 1), INPUT));
      ByteArrayOutputStream saved = new ByteArrayOutputStream();
      block.saveParameters(new DataOutputStream(saved));
      GraphBlock other = new GraphBlock(Tracer.trace(block(manager, 2), INPUT));
      NDArray x = manager.randomNormal(INPUT);
      assertThat(forward(manager, other, x)).isNotEqualTo(forward(manager, block, x));

      other.loadParameters(
          manager, new DataInputStream(new ByteArrayInputStream(saved.toByteArray())));

      assertThat(forward(manager, other, x)).isEqualTo(forward(manager, block, x));
      assertThat(other.getParameters().keys()).contains("linear.0.weight", "batchNorm.gamma");
      assertThat(other.describeInput().get("input")).isEqualTo(new Shape(-1, 3, 4));
    }
  }

  private static float[] untrained() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      return values(block(manager, 1));
    }
  }

  private static float[] trained(boolean replay) throws Exception {
    try (Model model = Model.newInstance("m", "PyTorch")) {
      NDManager manager = model.getNDManager();
      SequentialBlock block = block(manager, 1);
      model.setBlock(replay ? new GraphBlock(Tracer.trace(block, INPUT)) : block);
      Engine.getEngine("PyTorch").setRandomSeed(4); // tracing has drawn numbers for dropout
      NDArray x = manager.randomNormal(new Shape(24, 3, 4));
      NDArray y = x.sum(new int[] {1}); // [24, 4]
      ArrayDataset data =
          new ArrayDataset.Builder().setData(x).optLabels(y).setSampling(8, false).build();
      DefaultTrainingConfig config =
          new DefaultTrainingConfig(Loss.l2Loss())
              .optOptimizer(Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.05f)).build());
      try (Trainer trainer = model.newTrainer(config)) {
        trainer.initialize(INPUT);
        Engine.getEngine("PyTorch").setRandomSeed(9); // dropout
        EasyTrain.fit(trainer, 2, data, null);
      }
      return values(block);
    }
  }

  private static SequentialBlock block(NDManager manager, int seed) {
    Engine.getEngine("PyTorch").setRandomSeed(seed);
    SequentialBlock block = BlockZoo.mlp();
    block.initialize(manager, DataType.FLOAT32, INPUT);
    return block;
  }

  private static float[] values(SequentialBlock block) {
    float[] all = new float[0];
    for (Parameter p : block.getParameters().values()) {
      float[] own = p.getArray().toFloatArray();
      int start = all.length;
      all = Arrays.copyOf(all, start + own.length);
      System.arraycopy(own, 0, all, start, own.length);
    }
    return all;
  }

  private static float[] forward(NDManager manager, GraphBlock block, NDArray x) {
    return Torch.withoutGradients(
        () ->
            block
                .forward(new ParameterStore(manager, false), new NDList(x), false)
                .head()
                .toFloatArray());
  }
}

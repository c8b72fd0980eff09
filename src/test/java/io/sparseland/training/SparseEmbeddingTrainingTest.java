// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.sparseland.core.Allocation;
import io.sparseland.core.LayerType;
import io.sparseland.core.Mask;
import io.sparseland.core.Selector;
import io.sparseland.core.Trigger;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.dynamic.SparseEmbedding;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** DSL on the table of a small recommender: users 0 to 19 and items 20 to 39 in one table. */
class SparseEmbeddingTrainingTest {

  private static final int ROWS = 40;
  private static final int WIDTH = 8;

  @Test
  void the_table_keeps_its_budget_and_every_row_a_weight() {
    try (Model model = Model.newInstance("recommender", "PyTorch")) {
      model.setBlock(
          new SequentialBlock()
              .add(new Table())
              .add(Blocks.batchFlattenBlock(2L * WIDTH))
              .add(Linear.builder().setUnits(2).build()));
      Sparsity sparsity =
          Sparsity.of(
                  new SparseEmbedding(new Cosine(0.5, 0.005, 200), Trigger.every(10).until(199), 5))
              .at(0.75, Allocation.uniform())
              .on(new Selector(Set.of(LayerType.EMBEDDING), List.of(), List.of()))
              .seed(3);
      TrainPlan plan =
          new TrainPlan(new OptimizerSettings.Adam(0.01, 0), 5, 8, 1, List.of(sparsity));

      TrainResult result = TrainLoop.run(model, tastes(), plan, TrainHooks.none());

      assertThat(result.masks().byLayer()).hasSize(1);
      Mask mask = result.masks().byLayer().values().iterator().next();
      assertThat(mask.kept()).isEqualTo(ROWS * WIDTH / 4);
      for (int row = 0; row < ROWS; row++) {
        assertThat(mask.keptSet().get(row * WIDTH, (row + 1) * WIDTH).cardinality()).isPositive();
      }
      assertThat(result.updates()).hasSize(19);
      assertThat(result.updates().get(0).grown()).isPositive();
      assertThat(result.updates()).allMatch(update -> update.kept() == ROWS * WIDTH / 4);
    }
  }

  private static Examples tastes() {
    Random random = new Random(2);
    float[] x = new float[320 * 2];
    float[] y = new float[320];
    for (int n = 0; n < y.length; n++) {
      int user = random.nextInt(20);
      int item = random.nextInt(20);
      x[2 * n] = user;
      x[2 * n + 1] = 20 + item;
      y[n] = (user + item) % 2;
    }
    return Examples.of(x, new Shape(2), y);
  }

  /** Rows of a table by ids that come as numbers. */
  private static final class Table extends AbstractBlock {

    private final Parameter table =
        addParameter(
            Parameter.builder()
                .setName("embedding")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(ROWS, WIDTH))
                .build());

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDArray ids = inputs.head().toType(DataType.INT64, false);
      NDArray weight = store.getValue(table, ids.getDevice(), training);
      return Embedding.embedding(ids, weight, SparseFormat.DENSE);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {inputs[0].add(WIDTH)};
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.sparseland.core.NormStatistics;
import io.sparseland.core.graph.Graph;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.data.DataSet;
import java.util.List;

/** The {@code batch_norm} step. */
final class BatchNorms {

  private BatchNorms() {}

  static int run(
      Step.BatchNorm step, Recipe recipe, Opened opened, Graph graph, Runner.State state) {
    DataSet data = opened.data();
    int samples = Math.min(step.samples(), data.calibrationSize());
    if (samples < step.samples()) {
      state.notes.add(
          "batch norms measured on all %d examples; more were asked for".formatted(samples));
    }
    try (NDManager manager = opened.model().getNDManager().newSubManager()) {
      List<NDList> batches =
          data.calibration(manager, samples, step.batch().orElse(recipe.data().batch())).stream()
              .map(batch -> batch.data())
              .toList();
      int norms = NormStatistics.recompute(graph, batches);
      if (norms == 0) {
        throw new Failure(Failure.USAGE, "the model has no batch norm to measure anew");
      }
      state.changed();
      return norms;
    }
  }
}

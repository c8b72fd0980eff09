// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.sparseland.core.Calibrator;
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
    int batch = step.batch().orElse(recipe.data().batch());
    int norms = measure(opened.model(), data, graph, samples, batch);
    if (norms == 0) {
      throw new Failure(Failure.USAGE, "the model has no batch norm to measure anew");
    }
    state.changed();
    return norms;
  }

  /** Measures all norms on the first examples; returns how many norms there are. */
  static int measure(Model model, DataSet data, Graph graph, int samples, int batch) {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      List<NDList> batches =
          data.calibration(manager, samples, batch).stream()
              .map(Calibrator.Labelled::data)
              .toList();
      return NormStatistics.recompute(graph, batches);
    }
  }
}

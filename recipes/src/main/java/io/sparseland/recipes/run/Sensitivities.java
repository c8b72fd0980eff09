// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.nn.Block;
import io.sparseland.core.Allocation;
import io.sparseland.core.Budgeted;
import io.sparseland.core.Calibration;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Layer;
import io.sparseland.core.LossCurves;
import io.sparseland.core.Mask;
import io.sparseland.core.OneShot;
import io.sparseland.core.Pruner;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.Sensitivity;
import io.sparseland.core.SensitivityScan;
import io.sparseland.core.Solver;
import io.sparseland.core.graph.Graph;
import io.sparseland.pruners.LeastSquares;
import io.sparseland.pruners.Wanda;
import io.sparseland.recipes.Failure;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Puts measured losses in the place of {@code allocation: sensitivity}. The scan masks by Wanda
 * whatever the criterion, and refits where the step changes weights.
 */
record Sensitivities(Graph graph, Block block, SensitivityScan.Difference difference) {

  private static final double DAMPING = 0.01;

  /** The same method with an allocation that knows, unless it asks for no scan. */
  OneShot resolve(
      OneShot shot,
      List<Layer> layers,
      Map<String, Mask> present,
      double sparsity,
      IntFunction<List<Calibrator.Labelled>> samples) {
    Allocation wanted = shot.pruner().allocation();
    Allocation spread = wanted instanceof Budgeted budgeted ? budgeted.spread() : wanted;
    if (!(spread instanceof Sensitivity sensitivity)) {
      return shot;
    }
    if (!present.isEmpty()) {
      throw new Failure(
          Failure.USAGE,
          ("allocation 'sensitivity' scans dense layers, but layer '%s' is sparse already: use"
                  + " 'masks: fresh', or another allocation")
              .formatted(present.keySet().iterator().next()));
    }
    boolean refits =
        !shot.reconstructions().isEmpty() || shot.pruner().criterion() instanceof Solver;
    List<Reconstruction> refit = refits ? List.of(new LeastSquares(DAMPING)) : List.of();
    Pruner masks = Pruner.of(new Wanda()).with(shot.pruner().pattern());
    List<Calibrator.Batch> batches =
        samples.apply(sensitivity.samples()).stream()
            .map(b -> Calibrator.Batch.of(b.data()))
            .toList();
    LossCurves curves =
        new SensitivityScan(new OneShot(masks, refit, Calibration.dense()), difference)
            .curves(graph, block, layers, batches, sensitivity.levels(sparsity));
    Allocation known =
        wanted instanceof Budgeted budgeted
            ? new Budgeted(curves, budgeted.budget(), budgeted.uses())
            : curves;
    return new OneShot(shot.pruner().with(known), shot.reconstructions(), shot.calibration());
  }
}

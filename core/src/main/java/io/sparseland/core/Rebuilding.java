// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import java.util.function.Supplier;

/**
 * What is done to a layer whose pruned weights are chosen, and before.
 *
 * @param calibration says what the layer's output should be
 * @param reconstructions in this order, each on the result of the one before
 * @param writer into the model
 */
record Rebuilding(
    Calibration calibration, List<Reconstruction> reconstructions, LayerWriter writer) {

  /** Moves the weights towards the target, lets them be chosen, rebuilds and writes them. */
  LayerOutcome prune(Layer layer, Evidence evidence, Supplier<Solution> choice) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      if (calibration.target() == Calibration.Target.DENSE) {
        writer.write(layer, DenseTarget.weight(layer, evidence, calibration.damping()));
      }
      Solution found = choice.get();
      NDArray target = layer.weight().toType(DataType.FLOAT64, true);
      for (Reconstruction reconstruction : reconstructions) {
        found = reconstruction.rebuild(layer, found, evidence);
      }
      LayerError error = LayerError.of(layer, evidence, target);
      double before = error.of(Solution.of(found.mask(), target).masked());
      double after = error.of(found.masked());
      writer.write(layer, found);
      return new LayerOutcome(found.mask(), before, after, found.notes());
    }
  }
}

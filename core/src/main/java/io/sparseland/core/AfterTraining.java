// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import io.sparseland.core.graph.Graph;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A method that prunes a trained model at once. */
public interface AfterTraining {

  /** Which weights matter. */
  Criterion criterion();

  /** Statistics that layers must have before anything is pruned. */
  Set<Statistic> needsBefore();

  /** All statistics that it reads. */
  Set<Statistic> needs();

  /** Those of the selected layers whose statistics are read. */
  default List<Layer> measured(Graph graph, List<Layer> selected) {
    return selected;
  }

  /**
   * Prunes. If a layer fails, those before it are pruned already.
   *
   * @param graph of the model
   * @param layers to prune, in forward order
   * @param batches calibration data; they stay the caller's
   * @param before by layer name, what {@link #needsBefore} names
   * @param sparsity share of the layers' weights to prune, 0 to 1
   * @param present the mask a layer has, or null for a dense one
   * @return outcomes by layer, in the layers' order
   */
  Map<Layer, LayerOutcome> run(
      Graph graph,
      List<Layer> layers,
      List<Calibrator.Batch> batches,
      Map<String, Evidence> before,
      double sparsity,
      Function<Layer, @Nullable Mask> present);
}

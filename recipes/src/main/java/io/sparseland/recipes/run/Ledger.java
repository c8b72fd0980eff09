// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.recipes.plan.Plan.LayerFacts;
import io.sparseland.training.LayerWork;
import io.sparseland.training.MaskUpdate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What all training of a run cost, and how the masks changed on the way.
 *
 * <p>FLOPs count the products of layers, two a multiply-add: three forward passes for a dense step,
 * of which sparse kernels could leave out the share that {@link LayerWork} tells. They are what a
 * method needs, not what this training does: it multiplies by zeros.
 */
final class Ledger {

  private static final int PASSES = 3; // outputs, gradients of inputs, gradients of weights

  private final Map<String, Double> spared = new HashMap<>(); // layer -> passes over examples
  private final List<Report.MaskRow> updates = new ArrayList<>();
  private final Map<String, Integer> everActive = new HashMap<>();
  private double examples;
  private long steps;

  /**
   * Adds a train step of the recipe.
   *
   * @param seen examples, once an epoch
   * @param done optimizer steps
   */
  void trained(List<LayerWork> work, List<MaskUpdate> changes, double seen, long done) {
    for (LayerWork layer : work) {
      spared.merge(layer.layer(), seen * (1 - layer.share()), Double::sum);
    }
    for (MaskUpdate update : changes) {
      updates.add(
          new Report.MaskRow(
              steps + update.step(),
              update.layer(),
              update.density(),
              update.dropped(),
              update.grown(),
              update.overlap(),
              update.everActiveShare()));
      everActive.merge(update.layer(), update.everActive(), Math::max);
    }
    examples += seen;
    steps += done;
  }

  /** Every change of a mask, in order. */
  List<Report.MaskRow> updates() {
    return List.copyOf(updates);
  }

  /** Share of the masked layers' weights that were kept at any time. */
  double everActive(Masks masks) {
    long active = 0;
    for (Map.Entry<String, Mask> each : masks.byLayer().entrySet()) {
      int kept = each.getValue().kept();
      active += Math.max(kept, everActive.getOrDefault(each.getKey(), kept));
    }
    return active / (double) masks.size();
  }

  /** The sums for a model. */
  Report.Flops flops(List<LayerFacts> layers, Masks masks) {
    double forward = 0;
    double forwardDense = 0;
    double training = 0;
    for (LayerFacts layer : layers) {
      Mask mask = masks.byLayer().get(layer.name());
      forwardDense += layer.flops();
      forward += layer.flops() * (mask == null ? 1 : 1 - mask.sparsity());
      training += PASSES * layer.flops() * (examples - spared.getOrDefault(layer.name(), 0.0));
    }
    return new Report.Flops(forward, forwardDense, training, PASSES * forwardDense * examples);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;
import java.util.Map;

/** What an {@link Updater} sees and may do. */
public interface UpdateContext {

  /** Batches completed, as in {@link Updater#due}. */
  long step();

  /** Seed of everything random. */
  long seed();

  /** Sparsity over time, {@link SparsityMethod#sparsity} of the target. */
  Schedule sparsity();

  /** How a sparsity is spread over layers. */
  Allocation allocation();

  /** How pruned weights are arranged. */
  Pattern pattern();

  /** The layers under this method, in forward order. */
  List<Layer> layers();

  /** The present mask of a layer. */
  Mask mask(Layer layer);

  /** What is known of a layer at this step, {@link Statistic#UNIFORM} included. */
  Evidence evidence(Layer layer);

  /**
   * Gives a layer another mask: weights and optimizer slots outside it, and of what is kept now but
   * was not before, become 0; everything else stays as it is to the bit.
   */
  void replace(Layer layer, Mask mask);

  /**
   * Gives a layer another set of weights that learn; of a method with an {@link Exploration} only.
   *
   * @param learning contains the layer's mask
   */
  void explore(Layer layer, Mask learning);

  /** Numbers that this method keeps from one update to the next, by name; changed in place. */
  Map<String, Double> memory();
}

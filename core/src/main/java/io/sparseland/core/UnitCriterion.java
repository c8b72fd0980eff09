// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/** A criterion that has its own idea of what a hidden unit or an attention head is worth. */
public interface UnitCriterion extends Criterion {

  /**
   * Scores the units that a layer reads. The caller opens an NDScope around the call.
   *
   * @param layer whose columns they are
   * @param width columns of one unit; above 1 for heads
   * @return finite scores, one a unit, higher = keep
   */
  double[] units(Layer layer, Evidence evidence, int width);

  /** Whether scores of different layers can be compared, so that one budget is shared by all. */
  boolean comparesLayers();
}

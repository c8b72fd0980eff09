// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

/**
 * One change of one layer's mask.
 *
 * @param step batches completed before it
 * @param layer dotted name
 * @param size weights of the layer
 * @param kept weights kept afterwards
 * @param dropped weights kept before and not afterwards
 * @param grown weights kept afterwards and not before
 * @param everActive weights kept at any time up to and after it
 */
public record MaskUpdate(
    long step, String layer, int size, int kept, int dropped, int grown, int everActive) {

  /** Share of weights kept, 0 to 1. */
  public double density() {
    return (double) kept / size;
  }

  /** Share of the old mask's kept weights that stayed, 0 to 1; 1 if nothing was kept. */
  public double overlap() {
    int before = kept - grown + dropped;
    return before == 0 ? 1 : (double) (kept - grown) / before;
  }

  /**
   * Share of weights kept at any time so far, 0 to 1: {@code R_s} of Liu et al. 2021, "Do We
   * Actually Need Dense Over-Parameterization?"
   */
  public double everActiveShare() {
    return (double) everActive / size;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;

/**
 * What a one-shot method has done to a layer.
 *
 * @param mask what stays
 * @param errorBefore squared error of the output as a share of the wanted output's square, on the
 *     calibration data, with the chosen mask on unchanged weights; NaN if not measured
 * @param errorAfter the same with the weights that were written
 * @param notes what a reader of the report should know
 */
public record LayerOutcome(Mask mask, double errorBefore, double errorAfter, List<String> notes) {

  /** Copies the list. */
  public LayerOutcome {
    notes = List.copyOf(notes);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import io.sparseland.core.Masks;
import java.util.List;

/**
 * What a run did.
 *
 * @param steps batches completed
 * @param stopped whether the caller asked to stop before the end
 * @param loss mean loss over the last epoch's completed batches; NaN if there was none
 * @param masks the final masks; of no layer when training was dense
 * @param updates every change of a mask, in order
 * @param work what the steps worked on, of each layer under a mask
 */
public record TrainResult(
    long steps,
    boolean stopped,
    double loss,
    Masks masks,
    List<MaskUpdate> updates,
    List<LayerWork> work) {

  /** Copies the lists. */
  public TrainResult {
    updates = List.copyOf(updates);
    work = List.copyOf(work);
  }
}

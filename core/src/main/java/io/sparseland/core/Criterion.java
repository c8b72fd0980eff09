// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import java.util.Set;

/** A score for every weight of a layer; a method after training is usually no more than this. */
public interface Criterion {

  /** Statistics that {@link #score} reads; only these are collected. */
  default Set<Statistic> needs() {
    return Set.of();
  }

  /** Size of the blocks of {@link Statistic#FISHER}, if it is needed. */
  default int fisherBlock() {
    return 1;
  }

  /** Which weights compete unless the user says otherwise. */
  default Scope comparedWithin() {
    return Scope.LAYER;
  }

  /**
   * Scores a layer. The caller opens an NDScope around the call: arrays may be made freely, all but
   * the result are closed.
   *
   * @return finite scores {@code [out, in]}, higher = keep
   */
  NDArray score(Layer layer, Evidence evidence);
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import java.util.Set;

/** What the kept weights become after pruning, so that the layer's output changes least. */
public interface Reconstruction {

  /** Statistics that {@link #weight} reads. */
  default Set<Statistic> needs() {
    return Set.of();
  }

  /**
   * The new weight. The caller opens an NDScope around the call.
   *
   * @return {@code [out, in]}; values outside the mask are ignored
   */
  NDArray weight(Layer layer, Mask mask, Evidence evidence);
}

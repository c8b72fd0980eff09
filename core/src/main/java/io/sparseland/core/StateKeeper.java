// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.BitSet;

/** The only door to an optimizer's slots (momentum, moments). */
public interface StateKeeper {

  /** Slots outside the mask become 0. */
  void mask(Layer layer, Mask mask);

  /**
   * Slots of some weights become 0.
   *
   * @param indices flat indices over {@code [out, in]}
   */
  void reset(Layer layer, BitSet indices);

  /** All slots of all layers become 0. */
  void resetAll();
}

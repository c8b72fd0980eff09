// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

/** What becomes of the masks in a checkpoint when training goes on from it. */
public enum StoredMasks {
  /** Held as they are. */
  FREEZE,
  /** The method starts from them and changes them. */
  INHERIT,
  /** Dropped: the method draws its own. Weights that were pruned start at 0. */
  FRESH
}

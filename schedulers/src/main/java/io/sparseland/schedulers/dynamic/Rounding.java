// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

/** How a share of the kept weights becomes a number; methods differ. */
enum Rounding {
  /** {@code floor(share · kept + 1e-9)}: SET, RigL. */
  DOWN,
  /** {@code ceil(share · kept - 1e-9)}: ITOP, SNFS, GraNet. */
  UP
}

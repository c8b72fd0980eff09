// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/** Which weights compete with each other. */
public enum Scope {
  /** Those of one output row. */
  ROW,
  /** Those of one layer. */
  LAYER,
  /** Those of all layers; goes with {@link Allocation#global()}. */
  GLOBAL
}

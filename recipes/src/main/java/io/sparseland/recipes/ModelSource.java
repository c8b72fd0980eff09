// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import ai.djl.nn.Block;

/** The {@code model} of a recipe. */
@FunctionalInterface
public interface ModelSource {

  /**
   * A fresh, uninitialised block.
   *
   * @param classes finds a user's own classes
   * @throws IllegalArgumentException if there is no such class, or it makes no block
   */
  Block block(ClassLoader classes);
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import ai.djl.nn.Block;
import io.sparseland.models.files.OpenModel;
import io.sparseland.recipes.data.DataFolders;
import java.io.IOException;
import java.util.function.Supplier;

/** The {@code model} of a recipe. */
@FunctionalInterface
public interface ModelSource {

  /**
   * Opens it; of files at most the headers are read.
   *
   * @param folders where files are looked for
   * @param classes finds a user's own classes
   * @throws IllegalArgumentException if there is no such class, or it makes no block
   * @throws IOException if a file is missing or cannot be read
   * @throws io.sparseland.kernels.format.FormatException if a file does not hold what it should
   */
  OpenModel open(DataFolders folders, ClassLoader classes) throws IOException;

  /** A model that begins with random weights. */
  static ModelSource fresh(Supplier<Block> blocks) {
    return (folders, classes) -> blocks::get;
  }
}

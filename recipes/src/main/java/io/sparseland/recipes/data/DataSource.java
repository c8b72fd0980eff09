// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.models.files.OpenModel;
import java.io.IOException;

/** The {@code data} of a recipe: one implementation per word. */
public interface DataSource {

  /** Examples per step, where a step of the recipe does not say otherwise. */
  int batch();

  /** What its test examples measure: {@code accuracy}, {@code perplexity} ... */
  String metric();

  /** Whether its examples have a loss to train with; without one, a teacher is needed. */
  default boolean trains() {
    return false;
  }

  /** Most test examples that go through the model at once. */
  default int testBatch() {
    return batch();
  }

  /** Sizes without reading the data; at most a header of a few bytes is looked at. */
  DataFacts facts(DataFolders folders) throws IOException;

  /**
   * Reads everything into memory.
   *
   * @param model whose tokenizer texts are read with
   * @throws IOException if a file is missing or cannot be read
   * @throws io.sparseland.kernels.format.FormatException if a file does not hold what it should
   */
  DataSet open(DataFolders folders, OpenModel model) throws IOException;
}

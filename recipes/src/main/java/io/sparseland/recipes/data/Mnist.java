// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.recipes.language.Default;
import java.io.IOException;

/**
 * Handwritten digits: 60,000 and 10,000 images of 28x28; ships with the examples.
 *
 * @param batch examples per step
 */
public record Mnist(@Default("64") int batch) implements LabelledSource {

  /** Checks the batch. */
  public Mnist {
    Sizes.batch(batch);
  }

  @Override
  public DataFacts facts(DataFolders folders) {
    return Digits.FACTS;
  }

  @Override
  public LabelledData open(DataFolders folders) throws IOException {
    return new Digits("mnist", "mnist").open(folders);
  }
}

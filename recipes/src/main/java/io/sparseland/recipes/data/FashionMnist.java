// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.recipes.language.Default;
import java.io.IOException;

/**
 * Articles of clothing in the form of MNIST, from a folder {@code fashion-mnist}.
 *
 * @param batch examples per step
 */
public record FashionMnist(@Default("64") int batch) implements LabelledSource {

  /** Checks the batch. */
  public FashionMnist {
    Sizes.batch(batch);
  }

  @Override
  public DataFacts facts(DataFolders folders) {
    return Digits.FACTS;
  }

  @Override
  public LabelledData open(DataFolders folders) throws IOException {
    return new Digits("fashion-mnist", "fashmnist").open(folders);
  }
}

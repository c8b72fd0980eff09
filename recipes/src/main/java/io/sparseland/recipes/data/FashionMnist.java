// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.recipes.language.Default;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Optional;

/**
 * Articles of clothing in the form of MNIST, from a folder {@code fashion-mnist}.
 *
 * @param batch examples per step
 * @param path the folder itself, absolute or in a data folder, if it has another name
 */
public record FashionMnist(@Default("64") int batch, Optional<String> path)
    implements LabelledSource {

  private static final String WHERE =
      "; Debian's package dataset-fashion-mnist has it: --set"
          + " data.fashion-mnist.path=/usr/share/datasets/fashion-mnist";

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
    Digits files = new Digits(path.orElse("fashion-mnist"), "fashmnist");
    try {
      return files.open(folders);
    } catch (FileNotFoundException e) {
      throw new FileNotFoundException(e.getMessage() + WHERE);
    }
  }
}

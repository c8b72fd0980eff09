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
 * @param folder with the four idx files, if not one of the data folders has it
 */
public record FashionMnist(@Default("64") int batch, Optional<String> folder)
    implements LabelledSource {

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
    Digits files = new Digits("fashion-mnist", "fashmnist");
    if (folder.isPresent()) {
      return files.in(folders.find(folder.get()));
    }
    try {
      return files.open(folders);
    } catch (FileNotFoundException e) {
      throw new FileNotFoundException(
          e.getMessage()
              + "; or install the Debian package dataset-fashion-mnist and say where it is with"
              + " --set data.fashion-mnist.folder=/usr/share/datasets/fashion-mnist");
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.nn.Block;
import io.sparseland.models.text.Tokenizer;
import java.io.IOException;

/** A model that blocks can be had of, pretrained or fresh. */
public interface OpenModel {

  /**
   * A new, uninitialised block. Where the model comes from a file, {@code initialize} fills it;
   * {@link io.sparseland.kernels.format.FormatException} if a number there is not finite.
   *
   * @throws IOException if its file cannot be read
   */
  Block block() throws IOException;

  /**
   * The same block without the file's numbers, for whoever asks for names and shapes only.
   *
   * @throws IOException if its file cannot be read
   */
  default Block outline() throws IOException {
    return block();
  }

  /**
   * A new tokenizer; the caller closes it.
   *
   * @throws IllegalArgumentException if the model takes no text
   * @throws IOException if its file is not there or cannot be read
   */
  default Tokenizer tokenizer() throws IOException {
    throw new IllegalArgumentException("the model takes no text: it has no tokenizer");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.nn.Block;
import io.sparseland.models.text.Tokenizer;
import java.io.IOException;

/** A model of a file: its headers are checked when it is opened, its numbers read when used. */
public interface Pretrained {

  /**
   * A fresh block. {@code initialize} fills it from the file; {@link
   * io.sparseland.kernels.format.FormatException} if a number there is not finite.
   */
  Block block();

  /** A new tokenizer; the caller closes it. */
  Tokenizer tokenizer() throws IOException;
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

/** Text to token ids and back. */
public interface Tokenizer extends AutoCloseable {

  /** Ids of a text, without a start token. */
  int[] encode(String text);

  /** The text of ids. */
  String decode(int[] ids);

  /** The id that a document begins with. */
  int start();

  @Override
  void close();
}

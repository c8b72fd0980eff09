// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

/** Text to token ids and back. */
public interface Tokenizer extends AutoCloseable {

  /** Ids of a text, without a start token. */
  int[] encode(String text);

  /**
   * Ids of a text with the start and end tokens that the model wants.
   *
   * @param most ids; of a longer text those before the end are left out
   */
  int[] sentence(String text, int most);

  /** The text of ids. */
  String decode(int[] ids);

  /** The id that a document begins with. */
  int start();

  @Override
  void close();
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import java.util.List;

/**
 * What a plan needs to know of the data, without reading it.
 *
 * @param example sizes of one example, without the batch
 * @param train how many training examples; 0 if not known yet
 * @param test how many test examples; 0 if not known yet
 * @param note where the figures come from
 * @param reading bytes that reading it takes besides the examples
 */
public record DataFacts(List<Integer> example, long train, long test, String note, long reading) {

  /** Tokens of a long sentence of everyday text. */
  static final int SENTENCE = 48;

  /** Nothing besides the examples. */
  public DataFacts(List<Integer> example, long train, long test, String note) {
    this(example, train, test, note, 0);
  }

  /** Keeps a copy. */
  public DataFacts {
    example = List.copyOf(example);
  }
}

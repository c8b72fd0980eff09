// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import java.util.List;
import java.util.Optional;

/** The figure that tells how good a model is: the first of these that every report has. */
final class Quality {

  private static final List<String> NAMES =
      List.of("perplexity", "spearman", "masked_lm_loss", "ndcg", "cosine", "accuracy");

  private Quality() {}

  /** The name of the figure; empty where no row has one. */
  static Optional<String> of(List<Row> rows) {
    List<Row> done = rows.stream().filter(row -> row.error().isEmpty()).toList();
    return NAMES.stream()
        .filter(
            name -> !done.isEmpty() && done.stream().allMatch(row -> row.figure(name).isPresent()))
        .findFirst();
  }
}

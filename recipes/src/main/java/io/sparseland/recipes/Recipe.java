// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.recipes.data.DataSource;
import io.sparseland.recipes.language.Default;
import io.sparseland.recipes.language.Whole;
import java.util.List;
import java.util.Optional;

/**
 * A whole recipe.
 *
 * @param version of the language: 1
 * @param name names the run directory; the file's name if left out
 * @param seed of everything random
 * @param threads of the training; results are the same bits only for the same number
 * @param memory most memory the run may take; without it as much as it needs
 * @param data what is trained and tested on
 * @param model the block
 * @param steps in order
 * @param expect what the run must reach
 */
public record Recipe(
    int version,
    Optional<String> name,
    @Whole @Default("17") long seed,
    @Default("1") int threads,
    Optional<MemorySize> memory,
    DataSource data,
    ModelSource model,
    List<StepItem> steps,
    @Default("{}") Expect expect) {

  /** Checks what one key cannot check alone. */
  public Recipe {
    if (version != 1) {
      throw new IllegalArgumentException("version " + version + " is unknown; this is version 1");
    }
    name.ifPresent(n -> Checks.fileName("name", n));
    Checks.positive("threads", threads);
    if (steps.isEmpty()) {
      throw new IllegalArgumentException("steps is an empty list");
    }
  }

  /** The steps of one kind. */
  public <S extends Step> List<S> steps(Class<S> kind) {
    return steps.stream().map(StepItem::step).filter(kind::isInstance).map(kind::cast).toList();
  }
}

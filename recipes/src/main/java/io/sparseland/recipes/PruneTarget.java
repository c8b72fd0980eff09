// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Allocation;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import io.sparseland.recipes.language.Default;
import io.sparseland.recipes.language.Fraction;
import java.util.Optional;

/**
 * What every criterion after training is told.
 *
 * @param sparsity share of the selected layers' weights to prune; not needed where the pattern says
 *     it
 * @param allocation how that is spread over the layers
 * @param pattern which weights are pruned together
 * @param scope which weights compete, if not as the criterion's authors do
 * @param on which layers; without it the default ones
 */
public record PruneTarget(
    @Fraction Optional<Double> sparsity,
    @Default("uniform") Allocation allocation,
    @Default("unstructured") Pattern pattern,
    Optional<Scope> scope,
    Optional<On> on) {

  /** Checks that the sparsity is said once. */
  public PruneTarget {
    if (sparsity.isEmpty() && !(pattern instanceof Pattern.NM)) {
      throw new IllegalArgumentException(
          "pattern '" + pattern.text() + "' needs the key 'sparsity' beside it");
    }
  }

  /** The share of weights to prune: as said, or what the N:M pattern makes of it. */
  public double share() {
    return sparsity.orElseGet(
        () -> pattern instanceof Pattern.NM nm ? 1 - nm.keep() / (double) nm.group() : 0.0);
  }
}

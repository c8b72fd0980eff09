// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Allocation;
import io.sparseland.core.Budget;
import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import io.sparseland.recipes.language.Default;
import io.sparseland.recipes.language.Fraction;
import java.util.List;
import java.util.Optional;

/**
 * What every criterion after training is told.
 *
 * @param sparsity share of the selected layers' weights to prune; not needed where the pattern says
 *     it
 * @param allocation how that is spread over the layers; without it uniform, or global if the
 *     criterion compares weights of all layers and the pattern allows it
 * @param pattern which weights are pruned together, or {@code auto}
 * @param auto how {@code auto} chooses
 * @param budget what {@code sparsity} is the share of
 * @param scope which weights compete, if not as the criterion's authors do
 * @param on which layers; without it the default ones
 */
public record PruneTarget(
    @Fraction Optional<Double> sparsity,
    Optional<Allocation> allocation,
    @Default("unstructured") PatternSetting pattern,
    @Default("{}") AutoPattern auto,
    @Default("nonzeros") Budget budget,
    Optional<Scope> scope,
    Optional<On> on) {

  /** Checks that the sparsity is said once. */
  public PruneTarget {
    if (sparsity.isEmpty() && pattern.nm().isEmpty()) {
      throw new IllegalArgumentException(
          "pattern '%s' needs the key 'sparsity' beside it".formatted(pattern.text()));
    }
    if (budget != Budget.NONZEROS && (pattern.units() || pattern.nm().isPresent())) {
      throw new IllegalArgumentException(
          "pattern '%s' has no 'budget': it says itself how many weights go"
              .formatted(pattern.text()));
    }
    if (pattern.units() && scope.isPresent()) {
      throw new IllegalArgumentException(
          "pattern 'unit' has no 'scope': units compete within a layer, or with allocation"
              + " 'global' with all others");
    }
  }

  /** The share of weights to prune: as said, or what the N:M pattern makes of it. */
  public double share() {
    return sparsity.orElseGet(
        () -> pattern.nm().map(nm -> 1 - nm.keep() / (double) nm.group()).orElse(0.0));
  }

  /** The pattern for these layers. */
  public Pattern pattern(List<Layer> layers) {
    return pattern.on(layers, share(), auto);
  }
}

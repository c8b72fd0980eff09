// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Allocation;
import io.sparseland.core.Initialisation;
import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import io.sparseland.core.SparsityMethod;
import io.sparseland.recipes.language.Default;
import io.sparseland.recipes.language.Fraction;
import java.util.List;
import java.util.Optional;

/**
 * What every method during training is told.
 *
 * @param sparsity share of the selected layers' weights that is pruned in the end; not needed where
 *     the pattern says it, or where it comes out of the training
 * @param allocation how that is spread over the layers
 * @param pattern which weights are pruned together, or {@code auto}
 * @param auto how {@code auto} chooses
 * @param init weights when the first masks are drawn
 * @param on which layers; without it the default ones
 */
public record TrainTarget(
    @Fraction Optional<Double> sparsity,
    @Default("erk") Allocation allocation,
    @Default("unstructured") PatternSetting pattern,
    @Default("{}") AutoPattern auto,
    @Default("keep") Initialisation init,
    Optional<On> on) {

  /** The share of weights to prune: as said, or what the N:M pattern makes of it. */
  public double share(SparsityMethod method) {
    return sparsity.orElseGet(
        () ->
            pattern
                .nm()
                .map(nm -> 1 - nm.keep() / (double) nm.group())
                .orElseGet(() -> emergent(method)));
  }

  private static double emergent(SparsityMethod method) {
    if (!method.emergent()) {
      throw new IllegalArgumentException("needs the key 'sparsity', or a pattern such as \"2:4\"");
    }
    return 0;
  }

  /** The pattern for these layers. */
  public Pattern pattern(List<Layer> layers, SparsityMethod method) {
    return pattern.on(layers, share(method), auto);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import java.util.List;
import java.util.Optional;

/**
 * The key {@code pattern} of a target.
 *
 * @param fixed the pattern that is named; empty for {@code auto}
 */
public record PatternSetting(Optional<Pattern> fixed) {

  /** What stands for a choice by costs. */
  static final String AUTO = "auto";

  /**
   * Reads {@value #AUTO} or a pattern.
   *
   * @throws IllegalArgumentException for anything else
   */
  static PatternSetting parse(String text) {
    return new PatternSetting(
        text.strip().equals(AUTO) ? Optional.empty() : Optional.of(Pattern.parse(text)));
  }

  /** The pattern, if it is N:M. */
  Optional<Pattern.NM> nm() {
    return fixed.filter(Pattern.NM.class::isInstance).map(Pattern.NM.class::cast);
  }

  /** The pattern for layers of which a share is pruned. */
  Pattern on(List<Layer> layers, double sparsity, AutoPattern auto) {
    return fixed.orElseGet(() -> auto.choose(layers, sparsity));
  }
}

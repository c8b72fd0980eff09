// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import java.util.List;
import java.util.Optional;

/**
 * The key {@code pattern} of a target.
 *
 * @param fixed the pattern that is named; empty for the words without one
 * @param units whether whole hidden units and attention heads go
 */
public record PatternSetting(Optional<Pattern> fixed, boolean units) {

  /** What stands for a choice by costs. */
  static final String AUTO = "auto";

  /** What stands for hidden units and attention heads. */
  static final String UNIT = "unit";

  /**
   * Reads {@value #AUTO}, {@value #UNIT} or a pattern.
   *
   * @throws IllegalArgumentException for anything else
   */
  static PatternSetting parse(String text) {
    String word = text.strip();
    return new PatternSetting(
        word.equals(AUTO) || word.equals(UNIT)
            ? Optional.empty()
            : Optional.of(Pattern.parse(text)),
        word.equals(UNIT));
  }

  /** The pattern, if it is N:M. */
  Optional<Pattern.NM> nm() {
    return fixed.filter(Pattern.NM.class::isInstance).map(Pattern.NM.class::cast);
  }

  /** Its word in a recipe. */
  public String text() {
    return units ? UNIT : fixed.map(Pattern::text).orElse(AUTO);
  }

  /** The pattern for layers of which a share is pruned. */
  Pattern on(List<Layer> layers, double sparsity, AutoPattern auto) {
    if (units) {
      throw new IllegalArgumentException("pattern 'unit' goes with a criterion after training");
    }
    return fixed.orElseGet(() -> auto.choose(layers, sparsity));
  }
}

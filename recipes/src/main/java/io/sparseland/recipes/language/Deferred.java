// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A setting that holds times: checked when the recipe is read, made when the length of the training
 * is known.
 */
public final class Deferred<T> {

  private final BiFunction<Clock, Mistakes, @Nullable T> make;

  Deferred(BiFunction<Clock, Mistakes, @Nullable T> make) {
    this.make = make;
  }

  /**
   * The setting with its times in steps of {@code clock}.
   *
   * @throws RecipeException if the times contradict each other
   */
  public T at(Clock clock) {
    Mistakes mistakes = new Mistakes();
    T value = make.apply(clock, mistakes);
    mistakes.throwIfAny();
    if (value == null) {
      throw new IllegalStateException("nothing bound and nothing wrong");
    }
    return value;
  }
}

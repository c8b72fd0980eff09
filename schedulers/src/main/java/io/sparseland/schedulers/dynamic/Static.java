// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Criterion;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Random;

/**
 * Masks drawn once before training, never changed: the baseline of all sparse-to-sparse methods.
 *
 * @param initial scores that choose the masks
 */
public record Static(Criterion initial) implements SparsityMethod {

  /** Random masks. */
  public Static() {
    this(new Random());
  }

  @Override
  public Updater updater() {
    return new Never();
  }

  private record Never() implements Updater {
    @Override
    public Moment moment() {
      return Moment.AFTER_STEP;
    }

    @Override
    public boolean due(long step) {
      return false;
    }

    @Override
    public void update(UpdateContext context) {
      throw new IllegalStateException("a static mask is never updated");
    }
  }
}

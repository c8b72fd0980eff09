// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.training.optimizer.Optimizer;

/** Passes each parameter's step through a {@link SparseSession}. */
final class MaskedOptimizer extends Optimizer {

  private final Optimizer inner;
  private final SparseSession session;

  MaskedOptimizer(Optimizer inner, SparseSession session) {
    super(new Settings());
    this.inner = inner;
    this.session = session;
  }

  @Override
  public void update(String parameterId, NDArray weight, NDArray grad) {
    session.step(inner, parameterId, weight, grad);
  }

  /** The superclass wants a builder; its settings are never read. */
  private static final class Settings extends OptimizerBuilder<Settings> {
    @Override
    protected Settings self() {
      return this;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineProvider;

/**
 * Registers the engine {@code Sparseland} with DJL; found through {@code META-INF/services}.
 *
 * <p>DJL takes the engine of the lowest rank as the default. Ours stands above those of every
 * training engine (PyTorch 2), so it is used only where it is asked for by name or stands alone.
 */
public final class SparselandEngineProvider implements EngineProvider {

  /** Creates the provider; called by {@link java.util.ServiceLoader}. */
  public SparselandEngineProvider() {}

  @Override
  public String getEngineName() {
    return SparselandEngine.NAME;
  }

  @Override
  public int getEngineRank() {
    return SparselandEngine.RANK;
  }

  @Override
  public Engine getEngine() {
    return Holder.ENGINE;
  }

  private static final class Holder {
    static final Engine ENGINE = new SparselandEngine();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs exported model directories on the CPU; inference only. */
final class SparselandEngine extends Engine {

  static final String NAME = "Sparseland";
  static final int RANK = 11;

  /**
   * None: DJL would start the alternative engine with the first manager. {@link OtherEngine} starts
   * it with the first operation that needs it, so that a model runs without loading libtorch.
   */
  @Override
  public @Nullable Engine getAlternativeEngine() {
    return null;
  }

  @Override
  public String getEngineName() {
    return NAME;
  }

  @Override
  public int getRank() {
    return RANK;
  }

  @Override
  public String getVersion() {
    return Optional.ofNullable(getClass().getPackage().getImplementationVersion())
        .orElse("development");
  }

  @Override
  public boolean hasCapability(String capability) {
    return false;
  }

  @Override
  public Model newModel(String name, @Nullable Device device) {
    return new SparselandModel(name, newBaseManager(device));
  }

  @Override
  public NDManager newBaseManager() {
    return newBaseManager(null);
  }

  @Override
  public NDManager newBaseManager(@Nullable Device device) {
    return SparselandNDManager.system().newSubManager(device);
  }

  @Override
  public String toString() {
    return NAME + ':' + getVersion();
  }
}

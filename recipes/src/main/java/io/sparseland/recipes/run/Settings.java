// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.engine.Engine;
import io.sparseland.core.Torch;

/** The few process-wide settings. */
final class Settings {

  private static final String TORCH_THREADS = "ai.djl.pytorch.num_threads";

  private Settings() {}

  /**
   * Thread count of PyTorch: before its engine starts by property, as it is read once; afterwards
   * by a call.
   */
  static void threads(int threads) {
    System.setProperty(TORCH_THREADS, Integer.toString(threads));
    Engine.getEngine(Torch.ENGINE);
    Torch.setThreads(threads);
  }
}

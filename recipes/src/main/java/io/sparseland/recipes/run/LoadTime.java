// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.format.ModelDirectory;
import io.sparseland.kernels.runtime.SparseModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How long a model directory takes until it could run: read, checked and packed for this CPU.
 *
 * @param firstSeconds of the first time in this process, where code is not yet compiled and kernels
 *     are loaded
 * @param seconds of later times, median
 * @param spread of those, width of the middle half
 * @param rounds how many those are
 * @param fileBytes size of the weights file
 * @param residentBytes packed weights in memory
 */
public record LoadTime(
    double firstSeconds,
    double seconds,
    double spread,
    int rounds,
    long fileBytes,
    long residentBytes) {

  private static final int ROUNDS = 9;

  /** Loads a model again and again. */
  public static LoadTime measure(Path exported) throws IOException {
    double first = once(exported);
    double[] seconds = new double[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      seconds[i] = once(exported);
    }
    Quartiles later = Quartiles.of(seconds);
    long bytes = Files.size(exported.resolve(ModelDirectory.WEIGHTS));
    try (SparseModel model = SparseModel.load(exported)) {
      return new LoadTime(
          first, later.median(), later.spread(), ROUNDS, bytes, model.residentBytes());
    }
  }

  private static double once(Path exported) {
    long start = System.nanoTime();
    SparseModel model = SparseModel.load(exported, Kernels.best());
    double seconds = (System.nanoTime() - start) / 1e9;
    model.close();
    return seconds;
  }
}

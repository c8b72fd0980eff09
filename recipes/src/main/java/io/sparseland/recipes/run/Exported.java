// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import io.sparseland.kernels.runtime.SparseModel;
import io.sparseland.recipes.data.Samples;
import java.nio.file.Path;

/** What the exported model itself reaches. */
final class Exported {

  private Exported() {}

  /** Share of examples whose largest output is at the label; ties take the lower class. */
  static double accuracy(Path folder, Samples test, int batch) {
    int right = 0;
    try (SparseModel model = SparseModel.load(folder)) {
      for (int from = 0; from < test.size(); from += batch) {
        int count = Math.min(batch, test.size() - from);
        float[] outputs = model.run(test.inputs(from, count), count);
        int classes = outputs.length / count;
        for (int row = 0; row < count; row++) {
          int best = 0;
          for (int c = 1; c < classes; c++) {
            best = outputs[row * classes + c] > outputs[row * classes + best] ? c : best;
          }
          right += best == test.label(from + row) ? 1 : 0;
        }
      }
    }
    return right / (double) test.size();
  }
}

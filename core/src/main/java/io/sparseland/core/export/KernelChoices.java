// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.core.Mask;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which kernel runs a layer, and why; the reason is stored with the model.
 *
 * <p>{@link ExportOptions.Kernels#AUTO} goes by fixed break-even sparsities, not by measurement: a
 * sparse kernel spends two to four times as long on a kept weight as a dense one on any weight, so
 * it wins when fewer than about 0.3 of the weights are kept. A convolution reuses each weight at
 * every pixel, as a large batch does, and needs a little more; short rows leave no time to gain.
 */
final class KernelChoices {

  /** From this sparsity on a linear layer runs sparse. */
  static final double LINEAR_BREAK_EVEN = 0.7;

  /** From this sparsity on a convolution runs sparse. */
  static final double CONVOLUTION_BREAK_EVEN = 0.75;

  /** Rows with fewer weights run dense. */
  static final int SHORTEST_ROW = 16;

  private KernelChoices() {}

  /** The choice for a weight and the first node that reads it. */
  static KernelChoice choose(Weight weight, @Nullable Node reader, ExportOptions.Kernels policy) {
    Mask mask = weight.mask();
    if (mask == null) {
      return KernelChoice.dense("not pruned");
    }
    boolean convolution = reader != null && reader.op() instanceof Op.Conv2d;
    if (!convolution && !(reader != null && reader.op() instanceof Op.Linear)) {
      return KernelChoice.dense("the operation has no sparse kernel");
    }
    if (policy == ExportOptions.Kernels.DENSE) {
      return KernelChoice.dense("asked for");
    }
    if (policy == ExportOptions.Kernels.SPARSE) {
      return KernelChoice.sparse("asked for");
    }
    int row = weight.values().length / weight.rows();
    if (row < SHORTEST_ROW) {
      return KernelChoice.dense("rows of %d weights, below %d".formatted(row, SHORTEST_ROW));
    }
    double breakEven = convolution ? CONVOLUTION_BREAK_EVEN : LINEAR_BREAK_EVEN;
    boolean sparse = mask.sparsity() >= breakEven;
    String reason =
        String.format(
            Locale.ROOT,
            "sparsity %.4f %s the fixed break-even %.2f of %s",
            mask.sparsity(),
            sparse ? "reaches" : "is below",
            breakEven,
            convolution ? "convolutions" : "linear layers");
    return sparse ? KernelChoice.sparse(reason) : KernelChoice.dense(reason);
  }
}

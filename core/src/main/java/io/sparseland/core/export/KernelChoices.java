// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.core.Mask;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.tuning.Costs;
import io.sparseland.kernels.tuning.DesignChoice;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which designs run a weight, and why; the reason is stored with the model.
 *
 * <p>A linear layer gets the cheapest designs by the {@link Costs}. A convolution, whose designs
 * are not timed yet, goes by a fixed break-even: a sparse kernel spends about four times as long on
 * a kept weight as a dense one on any weight. Short rows leave no time to gain.
 */
final class KernelChoices {

  /** From this sparsity on a convolution runs sparse. */
  static final double CONVOLUTION_BREAK_EVEN = 0.75;

  /** Convolutions with shorter rows run dense. */
  static final int SHORTEST_ROW = 16;

  private final ExportOptions.Form form;
  private final Costs costs;

  KernelChoices(ExportOptions.Form form, Costs costs) {
    this.form = form;
    this.costs = costs;
  }

  /** The choice for a weight and the operation that reads it first, as stored so far. */
  DesignChoice choose(Weight weight, StoredTensor stored, @Nullable Op reader) {
    if (reader instanceof Op.Linear) {
      return linear(stored);
    }
    return new DesignChoice(unmeasured(weight, reader), Map.of(), costs.unit());
  }

  private DesignChoice linear(StoredTensor stored) {
    boolean masked = stored.masked();
    Predicate<String> dense = KernelChoice.DENSE::contains;
    Predicate<String> allowed =
        !masked || form.kernels() == ExportOptions.Kernels.DENSE
            ? dense
            : form.kernels() == ExportOptions.Kernels.SPARSE ? dense.negate() : design -> true;
    DesignChoice made =
        DesignChoice.of(stored.matrix(), stored.pattern(), costs, form.batch(), allowed);
    if (!masked) {
      return withReason(made, "not pruned");
    }
    return form.kernels() == ExportOptions.Kernels.AUTO ? made : withReason(made, "asked for");
  }

  private static DesignChoice withReason(DesignChoice made, String reason) {
    KernelChoice choice = made.choice();
    boolean fits = !reason.equals("not pruned") || choice.isDense();
    KernelChoice told =
        fits
            ? new KernelChoice(choice.decode(), choice.batch(), choice.batchFrom(), reason)
            : KernelChoice.dense("not pruned; no dense design was measured for its type");
    return new DesignChoice(told, made.costs(), made.unit());
  }

  private KernelChoice unmeasured(Weight weight, @Nullable Op reader) {
    Mask mask = weight.mask();
    if (mask == null) {
      return KernelChoice.dense("not pruned");
    }
    if (!(reader instanceof Op.Conv2d)) {
      return KernelChoice.dense("the operation has no sparse kernel");
    }
    if (form.kernels() == ExportOptions.Kernels.DENSE) {
      return KernelChoice.dense("asked for");
    }
    if (form.kernels() == ExportOptions.Kernels.SPARSE) {
      return KernelChoice.sparse("asked for");
    }
    int row = weight.values().length / weight.rows();
    if (row < SHORTEST_ROW) {
      return KernelChoice.dense("rows of %d weights, below %d".formatted(row, SHORTEST_ROW));
    }
    boolean sparse = mask.sparsity() >= CONVOLUTION_BREAK_EVEN;
    String reason =
        String.format(
            Locale.ROOT,
            "sparsity %.4f %s the fixed break-even %.2f of convolutions",
            mask.sparsity(),
            sparse ? "reaches" : "is below",
            CONVOLUTION_BREAK_EVEN);
    return sparse ? KernelChoice.sparse(reason) : KernelChoice.dense(reason);
  }
}

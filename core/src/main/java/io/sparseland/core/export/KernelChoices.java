// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.tuning.Costs;
import io.sparseland.kernels.tuning.DesignChoice;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which designs run a weight, by their {@link Costs}, and why; the reason is stored with the model.
 * Weights of one shape and pattern with as many values are alike, and are asked about once.
 */
final class KernelChoices {

  private final ExportOptions.Form form;
  private final Costs costs;
  private final Map<Alike, DesignChoice> known = new HashMap<>();

  private record Alike(
      List<Integer> shape,
      String pattern,
      WeightType type,
      int kept,
      @Nullable ConvShape conv,
      int pixels) {

    static Alike of(StoredTensor stored, @Nullable ConvShape conv, int pixels) {
      LongBuffer mask = stored.mask();
      int kept = mask == null ? -1 : 0;
      for (int i = 0; mask != null && i < mask.limit(); i++) {
        kept += Long.bitCount(mask.get(i));
      }
      return new Alike(stored.shape(), stored.pattern(), stored.data().type(), kept, conv, pixels);
    }
  }

  KernelChoices(ExportOptions.Form form, Costs costs) {
    this.form = form;
    this.costs = costs;
  }

  /**
   * The choice for a weight and the operation that reads it first, as stored so far.
   *
   * @param pixels of a convolution: output pixels of an image
   */
  DesignChoice choose(StoredTensor stored, @Nullable Op reader, int pixels) {
    if (reader instanceof Op.Linear linear && linear.weight().equals(stored.name())) {
      return known.computeIfAbsent(
          Alike.of(stored, null, 0),
          alike ->
              measured(
                  stored,
                  allowed ->
                      DesignChoice.of(
                          stored.matrix(), stored.pattern(), costs, form.batch(), allowed)));
    }
    if (!(reader instanceof Op.Conv2d conv && conv.weight().equals(stored.name()))) {
      return unmeasured(stored.masked() ? "the operation has no sparse kernel" : "not pruned");
    }
    Matrix w = stored.matrix().under(conv.shape());
    if (conv.shape().isDepthwise(w.inputs())) {
      return unmeasured("depthwise: one kernel, which multiplies all weights");
    }
    return known.computeIfAbsent(
        Alike.of(stored, conv.shape(), pixels),
        alike ->
            measured(
                stored,
                allowed ->
                    DesignChoice.ofConvolution(w, stored.pattern(), costs, pixels, allowed)));
  }

  private DesignChoice unmeasured(String reason) {
    return new DesignChoice(KernelChoice.dense(reason), Map.of(), costs.unit());
  }

  private DesignChoice measured(
      StoredTensor stored, Function<Predicate<String>, DesignChoice> choose) {
    boolean masked = stored.masked();
    Predicate<String> dense = KernelChoice.DENSE::contains;
    Predicate<String> allowed =
        !masked || form.kernels() == ExportOptions.Kernels.DENSE
            ? dense
            : form.kernels() == ExportOptions.Kernels.SPARSE ? dense.negate() : design -> true;
    DesignChoice made = choose.apply(allowed);
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
}

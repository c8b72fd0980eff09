// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.core.Mask;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.TypedValues;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.tuning.Costs;
import io.sparseland.kernels.tuning.DesignChoice;
import io.sparseland.kernels.tuning.Measured;
import io.sparseland.kernels.tuning.OutputPixels;
import io.sparseland.kernels.tuning.Profile;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a simplified model as they are stored, and the report on its layers.
 *
 * @param tensors canonical form: masked weights as mask bits and kept values, the rest dense
 * @param layers weights of layers, then masked layers whose weight is only used transformed
 */
record Assembly(List<StoredTensor> tensors, List<LayerReport> layers) {

  private static final String USED_TRANSFORMED = "its weight is used transformed, and stored so";

  /**
   * Assembles a model.
   *
   * @throws ExportException if a weight is not finite, naming it
   */
  static Assembly of(Draft draft, Map<String, MaskedLayer> masked, ExportOptions.Form form) {
    Map<String, List<Op>> readers = readers(draft);
    List<StoredTensor> stored = new ArrayList<>();
    List<String> whys = new ArrayList<>();
    for (Weight weight : draft.weights().values()) {
      checkFinite(weight);
      String why = whyFp32(weight, readers.getOrDefault(weight.name(), List.of()));
      stored.add(stored(weight, why.isEmpty() ? form.type() : WeightType.FP32));
      whys.add(form.type() == WeightType.FP32 ? "" : why);
    }
    long bytes = stored.stream().mapToLong(t -> (long) t.kept() * t.data().type().bytes()).sum();
    Costs costs =
        form.profile().isPresent()
            ? new Profile(form.profile().get())
            : new Measured(Kernels.best(), bytes);
    KernelChoices choices = new KernelChoices(form, costs);
    Map<String, List<Integer>> shapes = new HashMap<>();
    draft.weights().values().forEach(weight -> shapes.put(weight.name(), weight.shape()));
    Map<String, Integer> pixels = OutputPixels.of(draft.graph(), shapes);
    List<StoredTensor> tensors = new ArrayList<>();
    List<LayerReport> layers = new ArrayList<>();
    for (Weight weight : draft.weights().values()) {
      int i = tensors.size();
      List<Op> ops = readers.getOrDefault(weight.name(), List.of());
      Op reader = ops.isEmpty() ? null : ops.get(0);
      DesignChoice made =
          choices.choose(stored.get(i), reader, pixels.getOrDefault(weight.name(), 1));
      tensors.add(with(stored.get(i), made.choice()));
      if (weight.shape().size() > 1 && !weight.layer().isEmpty()) {
        layers.add(report(weight, tensors.get(i), reader, made, whys.get(i)));
      }
    }
    masked.forEach(
        (parameter, layer) -> {
          if (!draft.weights().containsKey(layer.layer().name())) {
            layers.add(transformed(layer, costs.unit()));
          }
        });
    return new Assembly(tensors, layers);
  }

  /** The model as fp32, dense: what the graph itself computes. */
  static List<StoredTensor> plain(Draft draft) {
    return draft.weights().values().stream()
        .map(weight -> stored(weight, WeightType.FP32))
        .toList();
  }

  private static Map<String, List<Op>> readers(Draft draft) {
    Map<String, List<Op>> readers = new HashMap<>();
    for (Node node : draft.nodes()) {
      for (String tensor : node.op().tensors()) {
        readers.computeIfAbsent(tensor, key -> new ArrayList<>()).add(node.op());
      }
    }
    return readers;
  }

  /** Why a weight stays fp32 whatever was asked for; "" when it need not. */
  private static String whyFp32(Weight weight, List<Op> readers) {
    for (Op op : readers) {
      if (op instanceof Op.Conv2d) {
        return "fp32: convolutions are not stored in other types yet";
      }
      if (!(op instanceof Op.Linear linear && linear.weight().equals(weight.name()))) {
        return "fp32: only weights of linear layers are stored in other types";
      }
    }
    int inputs = weight.values().length / Math.max(1, weight.rows());
    return inputs > Matrix.MOST_INT8_INPUTS ? "fp32: too many inputs for int8" : "";
  }

  private static StoredTensor stored(Weight weight, WeightType type) {
    Mask mask = weight.mask();
    LongBuffer bits = mask == null ? null : LongBuffer.wrap(mask.words());
    float[] kept = weight.values();
    if (mask != null) {
      kept = new float[Math.toIntExact(mask.kept())];
      int next = 0;
      for (int i = 0; i < weight.values().length; i++) {
        if (mask.get(i)) {
          kept[next++] = weight.values()[i];
        }
      }
    }
    FloatBuffer values = FloatBuffer.wrap(kept);
    TypedValues data =
        switch (type) {
          case FP32 -> TypedValues.fp32(values);
          case BF16 -> TypedValues.bf16(values);
          case INT8 ->
              TypedValues.int8(weight.rows(), weight.values().length / weight.rows(), bits, values);
        };
    String pattern = mask == null ? StoredTensor.DENSE : mask.pattern().text();
    KernelChoice choice = KernelChoice.dense("not chosen yet");
    return new StoredTensor(weight.name(), weight.shape(), pattern, bits, data, choice);
  }

  private static StoredTensor with(StoredTensor stored, KernelChoice choice) {
    return new StoredTensor(
        stored.name(), stored.shape(), stored.pattern(), stored.mask(), stored.data(), choice);
  }

  private static LayerReport report(
      Weight weight, StoredTensor tensor, @Nullable Op reader, DesignChoice made, String why) {
    List<String> reason = new ArrayList<>(List.of(made.choice().reason()));
    if (!made.told().isEmpty()) {
      reason.add(made.told());
    }
    if (!why.isEmpty()) {
      reason.add(why);
    }
    return new LayerReport(
        weight.layer(),
        reader == null ? "" : reader.kind(),
        weight.shape(),
        tensor.kept(),
        tensor.pattern(),
        tensor.data().type(),
        made,
        String.join("; ", reason));
  }

  private static LayerReport transformed(MaskedLayer layer, String unit) {
    return new LayerReport(
        layer.layer().name(),
        "",
        List.of(layer.mask().geometry().out(), layer.mask().geometry().in()),
        layer.mask().kept(),
        layer.mask().pattern().text(),
        WeightType.FP32,
        new DesignChoice(KernelChoice.dense(USED_TRANSFORMED), Map.of(), unit),
        USED_TRANSFORMED);
  }

  private static void checkFinite(Weight weight) {
    if (weight.layer().isEmpty()) {
      return; // constants may hold infinities, as attention masks do
    }
    for (int i = 0; i < weight.values().length; i++) {
      if (!Float.isFinite(weight.values()[i])) {
        throw new ExportException(
            "tensor '%s': element %d is %s; allowed: finite numbers"
                .formatted(weight.name(), i, weight.values()[i]));
      }
    }
  }
}

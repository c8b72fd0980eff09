// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.core.Mask;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Node;
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

  /**
   * Assembles a model.
   *
   * @throws ExportException if a weight is not finite, naming it
   */
  static Assembly of(Draft draft, Map<String, MaskedLayer> masked, ExportOptions.Kernels policy) {
    Map<String, Node> readers = new HashMap<>();
    draft.nodes().forEach(node -> node.op().tensors().forEach(t -> readers.putIfAbsent(t, node)));
    List<StoredTensor> tensors = new ArrayList<>();
    List<LayerReport> layers = new ArrayList<>();
    for (Weight weight : draft.weights().values()) {
      checkFinite(weight);
      Node reader = readers.get(weight.name());
      KernelChoice choice = KernelChoices.choose(weight, reader, policy);
      StoredTensor tensor = stored(weight, choice);
      tensors.add(tensor);
      if (weight.shape().size() > 1 && !weight.layer().isEmpty()) {
        layers.add(report(weight, tensor, reader, choice));
      }
    }
    masked.forEach(
        (parameter, layer) -> {
          if (!draft.weights().containsKey(layer.layer().name())) {
            layers.add(transformed(layer));
          }
        });
    return new Assembly(tensors, layers);
  }

  private static StoredTensor stored(Weight weight, KernelChoice choice) {
    Mask mask = weight.mask();
    if (mask == null) {
      return StoredTensor.dense(weight.name(), weight.shape(), FloatBuffer.wrap(weight.values()));
    }
    float[] kept = new float[Math.toIntExact(mask.kept())];
    int next = 0;
    for (int i = 0; i < weight.values().length; i++) {
      if (mask.get(i)) {
        kept[next++] = weight.values()[i];
      }
    }
    return new StoredTensor(
        weight.name(),
        weight.shape(),
        mask.pattern().text(),
        LongBuffer.wrap(mask.words()),
        FloatBuffer.wrap(kept),
        choice);
  }

  private static LayerReport report(
      Weight weight, StoredTensor tensor, @Nullable Node reader, KernelChoice choice) {
    return new LayerReport(
        weight.layer(),
        reader == null ? "" : reader.op().kind(),
        weight.shape(),
        tensor.kept(),
        tensor.pattern(),
        choice.designs(),
        choice.reason());
  }

  private static LayerReport transformed(MaskedLayer layer) {
    return new LayerReport(
        layer.layer().name(),
        "",
        List.of(layer.mask().geometry().out(), layer.mask().geometry().in()),
        layer.mask().kept(),
        layer.mask().pattern().text(),
        Kernels.DENSE,
        "its weight is used transformed, and stored so");
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

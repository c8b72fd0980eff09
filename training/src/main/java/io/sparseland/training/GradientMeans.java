// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.sparseland.core.Layer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Dense gradients of a few batches, kept only as long as an update needs them. */
final class GradientMeans {

  private final NDManager manager;
  private final Map<Layer, NDArray> sums = new HashMap<>();
  private final Map<Layer, Integer> counts = new HashMap<>();

  /** Nothing yet; the manager owns the sums. */
  GradientMeans(NDManager manager) {
    this.manager = manager;
  }

  /** Adds a layer's gradient of the batch at hand. */
  void add(Layer layer) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      NDArray gradient = layer.parameter().getArray().getGradient();
      NDArray sum = sums.get(layer);
      if (sum == null) {
        NDArray first = gradient.mul(1f);
        first.attach(manager);
        NDScope.unregister(first);
        sums.put(layer, first);
      } else {
        sum.addi(gradient);
      }
    }
    counts.merge(layer, 1, Integer::sum);
  }

  /** The mean, in the parameter's shape; null if nothing was added. */
  @Nullable NDArray of(Layer layer) {
    NDArray sum = sums.get(layer);
    return sum == null ? null : sum.div(counts.getOrDefault(layer, 1).floatValue());
  }

  /** Sums of batches so far, for an update that is still to come. */
  void save(TrainState into) {
    sums.forEach(
        (layer, sum) -> {
          into.put("gradients/" + layer.name(), sum);
          into.put("batches/" + layer.name(), counts.getOrDefault(layer, 1));
        });
  }

  void restore(TrainState from, Iterable<Layer> layers) {
    List<String> summed = from.arrays("gradients/");
    for (Layer layer : layers) {
      if (summed.contains(layer.name())) {
        sums.put(layer, from.array("gradients/" + layer.name(), manager));
        counts.put(layer, (int) from.number("batches/" + layer.name()));
      }
    }
  }

  void clear() {
    sums.values().forEach(NDArray::close);
    sums.clear();
    counts.clear();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scores;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.Step.Prune.Present;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Layers to prune, and what is pruned of them already: by masks of earlier steps, or by zeros in
 * the model's file.
 *
 * @param selected layers to prune now
 * @param present masks that they are pruned under
 * @param untouched masks of layers that are left alone
 */
record SparseStart(List<Layer> selected, Map<String, Mask> present, Masks untouched) {

  /** A layer with a larger share of exact zeros was made sparse by somebody. */
  private static final double SPARSE = 0.05;

  /**
   * Looks for zeros and does with them what the recipe says.
   *
   * @throws Failure if there are any and the recipe says nothing, or what cannot be done
   */
  static SparseStart of(List<Layer> layers, Map<String, Mask> masks, Optional<Present> wanted) {
    Map<String, Mask> found = new LinkedHashMap<>();
    for (Layer layer : layers) {
      Mask known = masks.get(layer.name());
      Optional<Mask> mask = known == null ? zeros(layer) : Optional.of(known);
      mask.ifPresent(m -> found.put(layer.name(), m));
    }
    if (!found.isEmpty() && wanted.isEmpty()) {
      Map.Entry<String, Mask> first = found.entrySet().iterator().next();
      throw new Failure(
          Failure.USAGE,
          String.format(
              Locale.ROOT,
              "layer '%s' is sparse already (%.1f %%): say what becomes of its zeros by 'masks' in"
                  + " the prune step: inherit, extend, fresh or freeze",
              first.getKey(),
              100.0
                  * (first.getValue().size() - first.getValue().kept())
                  / first.getValue().size()));
    }
    List<Layer> dense = layers.stream().filter(l -> !found.containsKey(l.name())).toList();
    Present what = wanted.orElse(Present.EXTEND);
    if (what == Present.INHERIT && !dense.isEmpty()) {
      throw new Failure(
          Failure.USAGE,
          "layer '%s' has no mask to inherit: leave it out by 'on', or use 'masks: extend'"
              .formatted(dense.get(0).name()));
    }
    if (what == Present.FREEZE && dense.isEmpty()) {
      throw new Failure(
          Failure.USAGE, "every selected layer is sparse already; 'masks: freeze' leaves nothing");
    }
    return what == Present.FREEZE
        ? new SparseStart(dense, Map.of(), new Masks(found))
        : new SparseStart(layers, what == Present.FRESH ? Map.of() : found, new Masks(Map.of()));
  }

  /** A mask of what is not zero, if much is. */
  private static Optional<Mask> zeros(Layer layer) {
    float[] weights = Scores.weights(layer);
    BitSet kept = new BitSet(weights.length);
    for (int i = 0; i < weights.length; i++) {
      kept.set(i, weights[i] != 0);
    }
    double share = 1 - (double) kept.cardinality() / weights.length;
    return share > SPARSE
        ? Optional.of(Mask.of(layer.geometry(), Pattern.unstructured(), kept))
        : Optional.empty();
  }
}

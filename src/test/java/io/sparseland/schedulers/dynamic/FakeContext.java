// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Allocation;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.core.UpdateContext;
import java.nio.FloatBuffer;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A run time of a few lines: masks and one slot a weight in arrays. */
final class FakeContext implements UpdateContext {

  final Map<Layer, Mask> masks = new LinkedHashMap<>();
  final Map<Layer, float[]> slots = new HashMap<>();
  final Map<Layer, float[]> gradients = new HashMap<>();
  final Map<Layer, float[]> uniform = new HashMap<>(); // drawn where a layer has none
  final Map<Layer, BitSet> ever = new HashMap<>();
  final Map<Layer, Mask> learning = new HashMap<>();
  final Map<String, Double> memory = new HashMap<>();
  final NDManager manager;
  long step;
  Schedule sparsity = at -> 0;
  Allocation allocation = Allocation.uniform();
  Pattern pattern = Pattern.unstructured();

  FakeContext(NDManager manager) {
    this.manager = manager;
  }

  @Override
  public long step() {
    return step;
  }

  @Override
  public Schedule sparsity() {
    return sparsity;
  }

  @Override
  public Allocation allocation() {
    return allocation;
  }

  @Override
  public Pattern pattern() {
    return pattern;
  }

  @Override
  public List<Layer> layers() {
    return List.copyOf(masks.keySet());
  }

  @Override
  public Mask mask(Layer layer) {
    return requireNonNull(masks.get(layer));
  }

  @Override
  public Evidence evidence(Layer layer) {
    Map<Statistic, NDArray> known = new EnumMap<>(Statistic.class);
    known(known, Statistic.GRADIENT, layer, gradients.get(layer));
    known(known, Statistic.MOMENTUM, layer, slots.get(layer));
    known(known, Statistic.UNIFORM, layer, uniform.get(layer));
    float[] active = new float[layer.geometry().size()];
    ever.getOrDefault(layer, new BitSet()).stream().forEach(i -> active[i] = 1);
    known(known, Statistic.EVER_ACTIVE, layer, active);
    Evidence evidence = Evidence.of(known, 1);
    return uniform.containsKey(layer) ? evidence : evidence.withUniform(layer, seed(), step);
  }

  private void known(
      Map<Statistic, NDArray> known, Statistic statistic, Layer layer, float @Nullable [] values) {
    if (values != null) {
      Shape matrix = new Shape(layer.geometry().out(), layer.geometry().in());
      known.put(statistic, manager.create(values, matrix));
    }
  }

  @Override
  public long seed() {
    return 17;
  }

  @Override
  public Map<String, Double> memory() {
    return memory;
  }

  @Override
  public void explore(Layer layer, Mask mask) {
    learning.put(layer, mask);
  }

  @Override
  public void replace(Layer layer, Mask mask) {
    BitSet grown = mask.keptSet();
    grown.andNot(masks.getOrDefault(layer, mask).keptSet());
    masks.put(layer, mask);
    ever.computeIfAbsent(layer, l -> new BitSet()).or(mask.keptSet());
    float[] weights = Scores.weights(layer);
    float[] state = slots.computeIfAbsent(layer, l -> new float[mask.size()]);
    mask.fillPruned(weights, 0);
    mask.fillPruned(state, 0);
    grown.stream()
        .forEach(
            i -> {
              weights[i] = 0;
              state[i] = 0;
            });
    layer.parameter().getArray().set(FloatBuffer.wrap(weights));
  }
}

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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run time of a few lines: masks and one slot a weight in arrays. */
final class FakeContext implements UpdateContext {

  final Map<Layer, Mask> masks = new LinkedHashMap<>();
  final Map<Layer, float[]> slots = new HashMap<>();
  final Map<Layer, float[]> gradients = new HashMap<>();
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
    float[] gradient = gradients.get(layer);
    Map<Statistic, NDArray> known =
        gradient == null
            ? Map.of()
            : Map.of(
                Statistic.GRADIENT,
                manager.create(gradient, new Shape(layer.geometry().out(), layer.geometry().in())));
    return Evidence.of(known, 1).withUniform(layer, 17, step);
  }

  @Override
  public void replace(Layer layer, Mask mask) {
    BitSet grown = mask.keptSet();
    grown.andNot(masks.getOrDefault(layer, mask).keptSet());
    masks.put(layer, mask);
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

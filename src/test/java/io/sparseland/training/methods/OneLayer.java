// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Allocation;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Schedule;
import io.sparseland.core.Statistic;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.WeightView;
import java.util.List;
import java.util.Map;

/** A layer on its own: what a view works on, and what an updater sees. */
final class OneLayer implements WeightView.Operand, UpdateContext {

  private final NDManager manager;
  private final Layer layer;
  private final Pattern pattern;
  Mask mask;
  NDArray own;
  long step;
  Schedule sparsity;
  int resets;

  OneLayer(NDManager manager, Pattern pattern, int out, int in, float... weights) {
    this.manager = manager;
    this.pattern = pattern;
    this.layer = Fixtures.linear(manager, "linear", out, in, weights);
    this.mask = Mask.all(layer.geometry());
    this.own = manager.create(new float[0]);
    this.sparsity = at -> pattern.impliedSparsity().orElse(0);
  }

  /** With the mask that a method chooses first. */
  OneLayer refreshed() {
    new StraightThrough().updater().update(this);
    return this;
  }

  NDArray array(float... values) {
    return manager.create(values, layer.parameter().getArray().getShape());
  }

  float[] weights() {
    return layer.parameter().getArray().toFloatArray();
  }

  @Override
  public Layer layer() {
    return layer;
  }

  @Override
  public Pattern pattern() {
    return pattern;
  }

  @Override
  public NDArray weight() {
    return layer.parameter().getArray();
  }

  @Override
  public NDArray keep() {
    return mask.toArray(manager);
  }

  @Override
  public NDArray own() {
    return own;
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
    return Allocation.uniform();
  }

  @Override
  public List<Layer> layers() {
    return List.of(layer);
  }

  @Override
  public Mask mask(Layer which) {
    return mask;
  }

  @Override
  public Evidence evidence(Layer which) {
    Shape matrix = new Shape(layer.geometry().out(), layer.geometry().in());
    return own.size() == mask.size()
        ? Evidence.of(Map.of(Statistic.LEARNED, own.reshape(matrix)), 0)
        : Evidence.none();
  }

  @Override
  public void replace(Layer which, Mask next) {
    mask = next;
  }

  @Override
  public long seed() {
    return 17;
  }

  @Override
  public void explore(Layer which, Mask learning) {
    throw new AssertionError("nothing explores here");
  }

  @Override
  public Map<String, Double> memory() {
    throw new AssertionError("nothing is remembered here");
  }

  @Override
  public void resetSlots() {
    resets++;
  }

  NDArray zeros() {
    return manager.zeros(layer.parameter().getArray().getShape(), DataType.FLOAT32);
  }
}

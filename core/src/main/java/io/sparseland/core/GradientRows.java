// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The gradients of a layer, batch by batch: evidence of {@link Statistic#GRADIENTS} only. */
final class GradientRows implements Evidence {

  private final Layer layer;
  private final List<float[]> rows = new ArrayList<>();

  GradientRows(Layer layer) {
    this.layer = layer;
  }

  /** Adds a gradient, one value a weight; it is kept. */
  void add(float[] gradient) {
    rows.add(gradient);
  }

  @Override
  public NDArray get(Statistic statistic) {
    if (statistic != Statistic.GRADIENTS) {
      throw Evidence.missing(statistic, available());
    }
    int size = layer.geometry().size();
    float[] all = new float[Math.multiplyExact(rows.size(), size)];
    for (int k = 0; k < rows.size(); k++) {
      System.arraycopy(rows.get(k), 0, all, k * size, size);
    }
    return layer.parameter().getArray().getManager().create(all, new Shape(rows.size(), size));
  }

  @Override
  public Set<Statistic> available() {
    return Set.of(Statistic.GRADIENTS);
  }

  @Override
  public long samples(Statistic statistic) {
    return statistic == Statistic.GRADIENTS ? rows.size() : 0;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Map;
import java.util.Set;

/** Evidence held outside the engine; every {@link #get} makes a new array. */
record Measured(Layer layer, Map<Statistic, Values> values) implements Evidence {

  private static final Set<Statistic> SINGLE =
      Set.of(
          Statistic.INPUT_MEAN_SQUARE,
          Statistic.GRADIENT,
          Statistic.HESSIAN_GRADIENT,
          Statistic.SYNAPTIC_FLOW);

  /** One statistic. */
  static final class Values {
    private final double[] means;
    private final Shape shape;
    private final long samples;

    /**
     * Takes over the array.
     *
     * @param means row-major
     * @param samples the means were taken over
     */
    Values(double[] means, Shape shape, long samples) {
      this.means = means;
      this.shape = shape;
      this.samples = samples;
    }
  }

  /** Refuses what is not a finite fp32 number, naming layer and index. */
  static void checkFinite(Statistic statistic, Layer layer, double[] values) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite((float) values[i])) {
        throw new IllegalArgumentException(
            "%s of layer %s at index %d is %s, allowed: finite numbers"
                .formatted(statistic, layer.name(), i, (float) values[i]));
      }
    }
  }

  @Override
  public NDArray get(Statistic statistic) {
    Values found = values.get(statistic);
    if (found == null) {
      throw Evidence.missing(statistic, available());
    }
    NDManager manager = layer.parameter().getArray().getManager();
    NDArray array = manager.create(found.means, found.shape);
    return SINGLE.contains(statistic) ? array.toType(DataType.FLOAT32, false) : array;
  }

  @Override
  public Set<Statistic> available() {
    return Set.copyOf(values.keySet());
  }

  @Override
  public long samples(Statistic statistic) {
    Values found = values.get(statistic);
    return found == null ? 0 : found.samples;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Map;
import java.util.Set;

/** Evidence held outside the engine; every {@link #get} makes a new array. */
record Measured(Layer layer, Map<Statistic, Values> values) implements Evidence {

  /** One statistic. */
  static final class Values {
    private final float[] means;
    private final int rows;
    private final long samples;

    /**
     * Takes over the array.
     *
     * @param means row-major
     * @param rows of the matrix; 1 row of input statistics is given out as a vector
     * @param samples the means were taken over
     */
    Values(float[] means, int rows, long samples) {
      this.means = means;
      this.rows = rows;
      this.samples = samples;
    }
  }

  @Override
  public NDArray get(Statistic statistic) {
    Values found = values.get(statistic);
    if (found == null) {
      throw Evidence.missing(statistic, available());
    }
    int columns = found.means.length / found.rows;
    boolean vector = statistic == Statistic.INPUT_MEAN_SQUARE && found.rows == 1;
    Shape shape = vector ? new Shape(columns) : new Shape(found.rows, columns);
    return layer.parameter().getArray().getManager().create(found.means, shape);
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

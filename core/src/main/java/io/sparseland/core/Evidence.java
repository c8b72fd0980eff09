// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/** What is known of one layer when it is scored. */
public interface Evidence {

  /**
   * One statistic.
   *
   * @throws IllegalArgumentException if it was not collected
   */
  NDArray get(Statistic statistic);

  /** What there is. */
  Set<Statistic> available();

  /** Tokens, output positions or batches that a statistic is the mean of; 0 if not measured. */
  default long samples(Statistic statistic) {
    return 0;
  }

  /** Nothing known but the weights. */
  static Evidence none() {
    return of(Map.of(), 0);
  }

  /**
   * Given arrays.
   *
   * @param samples tokens, output positions or batches they were measured on
   */
  static Evidence of(Map<Statistic, NDArray> arrays, long samples) {
    Map<Statistic, NDArray> copy = new EnumMap<>(Statistic.class);
    copy.putAll(arrays);
    return new Evidence() {
      @Override
      public NDArray get(Statistic statistic) {
        NDArray array = copy.get(statistic);
        if (array == null) {
          throw missing(statistic, copy.keySet());
        }
        return array;
      }

      @Override
      public Set<Statistic> available() {
        return Set.copyOf(copy.keySet());
      }

      @Override
      public long samples(Statistic statistic) {
        return copy.containsKey(statistic) ? samples : 0;
      }
    };
  }

  /** The same with the random numbers of (seed, layer name, step) as {@link Statistic#UNIFORM}. */
  default Evidence withUniform(Layer layer, long seed, long step) {
    Evidence rest = this;
    return new Evidence() {
      @Override
      public NDArray get(Statistic statistic) {
        return statistic == Statistic.UNIFORM
            ? uniform(
                layer.parameter().getArray().getManager(),
                layer.name(),
                layer.geometry(),
                seed,
                step)
            : rest.get(statistic);
      }

      @Override
      public Set<Statistic> available() {
        Set<Statistic> all = java.util.EnumSet.of(Statistic.UNIFORM);
        all.addAll(rest.available());
        return all;
      }

      @Override
      public long samples(Statistic statistic) {
        return rest.samples(statistic);
      }
    };
  }

  /** The same, and where it does not know a statistic, what another knows. */
  default Evidence orElse(Evidence other) {
    Evidence first = this;
    return new Evidence() {
      @Override
      public NDArray get(Statistic statistic) {
        return of(statistic).get(statistic);
      }

      @Override
      public Set<Statistic> available() {
        Set<Statistic> all = java.util.EnumSet.noneOf(Statistic.class);
        all.addAll(first.available());
        all.addAll(other.available());
        return all;
      }

      @Override
      public long samples(Statistic statistic) {
        return of(statistic).samples(statistic);
      }

      private Evidence of(Statistic statistic) {
        return first.available().contains(statistic) ? first : other;
      }
    };
  }

  /** The error of {@link #get}. */
  static IllegalArgumentException missing(Statistic statistic, Set<Statistic> available) {
    return new IllegalArgumentException(
        "statistic " + statistic + " was not collected, available: " + available);
  }

  private static NDArray uniform(
      NDManager manager, String name, Geometry geometry, long seed, long step) {
    CounterRandom random = CounterRandom.of(seed, name, step);
    float[] values = new float[geometry.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.uniform(i);
    }
    return manager.create(values, new Shape(geometry.out(), geometry.in()));
  }
}

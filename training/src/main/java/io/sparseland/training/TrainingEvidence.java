// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.StateKeeper;
import io.sparseland.core.Statistic;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a layer at an update.
 *
 * @param gradient mean over the batches taken; null if none was
 * @param live whether the parameter's own gradient may be read instead: after the backward pass
 */
record TrainingEvidence(
    MaskedLayer masked, StateKeeper slots, @Nullable NDArray gradient, boolean live)
    implements Evidence {

  @Override
  public NDArray get(Statistic statistic) {
    Layer layer = masked.layer();
    if (!available().contains(statistic)) {
      throw new IllegalArgumentException(
          "statistic %s is not available in training, allowed: %s"
              .formatted(statistic, available()));
    }
    if (statistic == Statistic.MOMENTUM) {
      return matrix(slots.momentum(layer));
    }
    if (statistic == Statistic.EVER_ACTIVE) {
      return masked.everKept(layer.parameter().getArray().getManager());
    }
    return matrix(gradient == null ? layer.parameter().getArray().getGradient() : gradient);
  }

  @Override
  public Set<Statistic> available() {
    Set<Statistic> known = EnumSet.of(Statistic.MOMENTUM, Statistic.EVER_ACTIVE);
    if (live || gradient != null) {
      known.add(Statistic.GRADIENT);
    }
    return known;
  }

  @Override
  public long samples(Statistic statistic) {
    return available().contains(statistic) ? 1 : 0;
  }

  private NDArray matrix(NDArray array) {
    return array.reshape(
        new Shape(masked.layer().geometry().out(), masked.layer().geometry().in())); // [out, in]
  }
}

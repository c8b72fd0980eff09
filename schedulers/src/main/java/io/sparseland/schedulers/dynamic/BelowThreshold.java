// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Counts;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Ranking;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * Kept weights of all layers with {@code |w| < H}, at least one of each layer spared, no more than
 * there are free places for; H is halved where more than 1.1 times the wanted number went, doubled
 * where fewer than 0.9 times.
 *
 * @param start H before the first update
 * @param wanted share of all kept weights that should go
 * @param when updates may happen
 * @param doubles steps from which on twice as much time passes between two updates, again and again
 */
record BelowThreshold(double start, Schedule wanted, Trigger when, List<Long> doubles)
    implements Drop {

  static final String THRESHOLD = "threshold";
  private static final double TOLERANCE = 0.1;
  private static final double LEAST = 1e-30; // where nothing is below H, or everything, H stops
  private static final double MOST = 1e30;

  @Override
  public Set<Statistic> needs() {
    return Set.of();
  }

  @Override
  public boolean at(long step) {
    int doubled = (int) doubles.stream().filter(from -> step >= from).count();
    return (step - when.begin()) % (when.every() << doubled) == 0 && wanted.at(step) > 0;
  }

  @Override
  public BitSet of(UpdateContext context, Layer layer) {
    Mask mask = context.mask(layer);
    float[] weights = Scores.weights(layer);
    double threshold = context.memory().getOrDefault(THRESHOLD, start);
    BitSet below = mask.keptSet();
    int largest = below.nextSetBit(0);
    for (int i = largest; i >= 0; i = below.nextSetBit(i + 1)) {
      largest = Math.abs(weights[i]) > Math.abs(weights[largest]) ? i : largest;
      below.set(i, Math.abs(weights[i]) < threshold);
    }
    if (largest >= 0 && below.cardinality() == mask.kept()) {
      below.clear(largest);
    }
    int free = mask.size() - mask.kept();
    return below.cardinality() <= free ? below : Ranking.lowest(magnitudes(weights), below, free);
  }

  @Override
  public void done(UpdateContext context, long dropped, long kept) {
    double threshold = context.memory().getOrDefault(THRESHOLD, start);
    context
        .memory()
        .put(THRESHOLD, next(threshold, dropped, Counts.pruned(wanted.at(context.step()), kept)));
  }

  private static float[] magnitudes(float[] weights) {
    float[] values = weights.clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.abs(values[i]);
    }
    return values;
  }

  /** H after an update in which {@code dropped} weights went and {@code goal} should have. */
  static double next(double threshold, long dropped, long goal) {
    if (dropped > (1 + TOLERANCE) * goal) {
      return Math.max(LEAST, threshold / 2);
    }
    return dropped < (1 - TOLERANCE) * goal ? Math.min(MOST, threshold * 2) : threshold;
  }
}

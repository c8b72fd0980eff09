// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Random;
import java.util.List;

/**
 * DSR, dynamic sparse reparameterization: drop every weight below one threshold for all layers,
 * grow as many at random, more of them in layers where more survived. Weights so move between
 * layers; their number in all layers stays.
 *
 * <p>The threshold is halved where more than 1.1 times the wanted number went, doubled where fewer
 * than 0.9 times.
 *
 * @param drop share of all kept weights that should go in an update; the paper fixes a number
 * @param when updates happen
 * @param threshold before the first update, above 0; 0.001 in the paper
 * @param doubles steps from which on the time between two updates is twice as long, once for each;
 *     in the paper from 100 to 200, 400 and 800 steps
 * @see <a href="https://arxiv.org/abs/1902.05967">Mostafa and Wang 2019, "Parameter efficient
 *     training of deep convolutional neural networks by dynamic sparse reparameterization"</a>
 */
public record DynamicReparameterization(
    Schedule drop, Trigger when, double threshold, List<Long> doubles) implements SparsityMethod {

  private static final int MOST_DOUBLES = 20;

  /** The same time between all updates. */
  public DynamicReparameterization(Schedule drop, Trigger when, double threshold) {
    this(drop, when, threshold, List.of());
  }

  /** Checks threshold and times. */
  public DynamicReparameterization {
    doubles = List.copyOf(doubles);
    Check.that(
        doubles.size() <= MOST_DOUBLES && doubles.stream().sorted().toList().equals(doubles),
        "doubles are at steps %s, allowed: at most %d, in order",
        doubles,
        MOST_DOUBLES);
    Check.that(threshold > 0 && threshold < 1e6, "threshold is %s, allowed: above 0", threshold);
  }

  @Override
  public Criterion initial() {
    return new Random();
  }

  @Override
  public Updater updater() {
    return new DropGrow(new BelowThreshold(threshold, drop, when, doubles), new Random(), when)
        .reallocating(new Reallocation.BySurvivors());
  }
}

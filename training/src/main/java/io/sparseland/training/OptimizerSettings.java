// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.sparseland.core.Check;
import java.util.function.DoubleSupplier;

/** The optimizers that sparsity works with, with their settings. */
public sealed interface OptimizerSettings {

  /** A fresh DJL optimizer. */
  default Optimizer create() {
    return create(() -> 1);
  }

  /**
   * A fresh DJL optimizer whose rate changes.
   *
   * @param factor of the rate, asked for at every step
   */
  Optimizer create(DoubleSupplier factor);

  /**
   * Stochastic gradient descent; DJL computes {@code slot = momentum * slot + rate * (g + decay *
   * w)}, {@code w -= slot}.
   *
   * @param rate learning rate, above 0
   * @param momentum 0 to 1; 0 keeps no slot
   * @param weightDecay L2 factor, 0 or more
   */
  record Sgd(double rate, double momentum, double weightDecay) implements OptimizerSettings {
    /** Checks the settings. */
    public Sgd {
      checkRate(rate, weightDecay);
      Check.fraction("momentum", momentum);
    }

    @Override
    public Optimizer create(DoubleSupplier factor) {
      return Optimizer.sgd()
          .setLearningRateTracker(tracker(rate, factor))
          .optMomentum((float) momentum)
          .optWeightDecays((float) weightDecay)
          .build();
    }
  }

  /**
   * Adam with DJL's defaults for betas (0.9, 0.999) and epsilon (1e-8); decay is added to the
   * gradient.
   *
   * @param rate learning rate, above 0
   * @param weightDecay L2 factor, 0 or more
   */
  record Adam(double rate, double weightDecay) implements OptimizerSettings {
    /** Checks the settings. */
    public Adam {
      checkRate(rate, weightDecay);
    }

    @Override
    public Optimizer create(DoubleSupplier factor) {
      return Optimizer.adam()
          .optLearningRateTracker(tracker(rate, factor))
          .optWeightDecays((float) weightDecay)
          .build();
    }
  }

  /**
   * Adam whose decay acts on the weight directly.
   *
   * @param rate learning rate, above 0
   * @param weightDecay decoupled factor, 0 or more
   */
  record AdamW(double rate, double weightDecay) implements OptimizerSettings {
    /** Checks the settings. */
    public AdamW {
      checkRate(rate, weightDecay);
    }

    @Override
    public Optimizer create(DoubleSupplier factor) {
      return Optimizer.adamW()
          .optLearningRateTracker(tracker(rate, factor))
          .optWeightDecays((float) weightDecay)
          .build();
    }
  }

  private static Tracker tracker(double rate, DoubleSupplier factor) {
    return updates -> (float) (rate * factor.getAsDouble());
  }

  private static void checkRate(double rate, double weightDecay) {
    Check.that(rate > 0 && rate < 1e6, "rate is %s, allowed: above 0", rate);
    Check.that(
        weightDecay >= 0 && weightDecay < 1e6,
        "weight_decay is %s, allowed: 0 or more",
        weightDecay);
  }
}

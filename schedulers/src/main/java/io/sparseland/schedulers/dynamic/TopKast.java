// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Exploration;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pruner;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Magnitude;
import java.util.Map;
import java.util.Optional;

/**
 * Top-KAST: the forward pass uses the largest weights A, the backward pass reaches the larger set B
 * around it; both are chosen anew from the stored dense weights. Weights outside B do not move.
 *
 * <p>The store is dense; what is saved is work: {@code f_A} forward and through the activations,
 * {@code f_B} for the gradient of the weights.
 *
 * @param backward sparsity of B, below the target
 * @param when A and B are chosen anew, and at the start; every 100 steps is as good as every one
 * @param strength of the exploration loss on the stored weights, 0 or more
 * @param form of that loss
 * @see <a href="https://arxiv.org/abs/2106.03517">Jayakumar et al. 2021, "Top-KAST: Top-K Always
 *     Sparse Training"</a>
 */
public record TopKast(double backward, Trigger when, double strength, Exploration.Form form)
    implements SparsityMethod {

  /** Checks sparsity and strength. */
  public TopKast {
    Check.fraction("backward", backward);
    Check.that(strength >= 0 && strength <= 1e6, "strength is %s, allowed: 0 or more", strength);
  }

  @Override
  public Criterion initial() {
    return new Magnitude();
  }

  @Override
  public Optional<Exploration> exploration() {
    return Optional.of(new Exploration(strength, form));
  }

  @Override
  public Updater updater() {
    return new Refresh(backward, when);
  }

  private record Refresh(double backward, Trigger when) implements Updater {

    @Override
    public Moment moment() {
      return Moment.AFTER_STEP;
    }

    @Override
    public boolean due(long step) {
      return when.due(step);
    }

    @Override
    public void update(UpdateContext context) {
      double forward = context.sparsity().at(context.step());
      Check.that(
          backward <= forward,
          "backward sparsity %s is above the target %s: what is used must learn",
          backward,
          forward);
      Map<Layer, Mask> used = masks(context, forward);
      Map<Layer, Mask> learning = masks(context, backward);
      used.forEach(context::replace);
      learning.forEach(context::explore);
    }

    private static Map<Layer, Mask> masks(UpdateContext context, double sparsity) {
      return Pruner.of(new Magnitude())
          .with(context.allocation())
          .with(context.pattern())
          .prune(context.layers(), context::evidence, sparsity);
    }
  }
}

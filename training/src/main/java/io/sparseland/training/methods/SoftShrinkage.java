// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Penalty;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Magnitude;
import io.sparseland.schedulers.OneShot;
import io.sparseland.schedulers.dynamic.GradualPrune;
import java.util.Optional;

/**
 * ISS-P: after every optimizer step the unimportant weights, those a mask of the target sparsity
 * would prune, are multiplied by {@code shrink} instead of zeroed, so that they may recover; at
 * {@code until} they are pruned and the mask rests. Optimizer slots are left alone while shrinking.
 *
 * @param shrink factor, 0 to 1; 0.95 in the paper
 * @param every steps between two shrinks
 * @param until step of the pruning
 * @see <a href="https://arxiv.org/abs/2303.09650">Wang et al. 2023, "Iterative Soft Shrinkage
 *     Learning for Efficient Image Super-Resolution", alg. 1</a>
 */
public record SoftShrinkage(double shrink, long every, long until) implements SparsityMethod {

  /** Checks the numbers. */
  public SoftShrinkage {
    Check.fraction("shrink", shrink);
    Check.that(
        every >= 1 && until >= every,
        "every is %d and until %d steps, allowed: 1 <= every <= until",
        every,
        until);
  }

  @Override
  public Criterion initial() {
    return new Magnitude();
  }

  @Override
  public Schedule sparsity(double target) {
    return new OneShot(0, target, until);
  }

  @Override
  public Updater updater() {
    return new GradualPrune(new Magnitude(), new Trigger(until, 1, until));
  }

  @Override
  public Optional<Penalty> penalty() {
    return Optional.of(new Shrink(this));
  }

  private record Shrink(SoftShrinkage method) implements Penalty {

    @Override
    public void afterStep(UpdateContext context) {
      if (!Trigger.every(method.every).until(method.until - 1).due(context.step())) {
        return;
      }
      double target = context.sparsity().at(method.until);
      Refresh.choose(context, new Magnitude(), target)
          .forEach(
              (layer, mask) -> {
                NDArray weight = layer.weight(); // [out, in]
                NDArray keep = mask.toArray(weight.getManager());
                weight.muli(keep.muli(1 - method.shrink).addi(method.shrink));
              });
    }
  }
}

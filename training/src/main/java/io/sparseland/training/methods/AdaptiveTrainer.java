// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Penalty;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.core.WeightView;
import io.sparseland.pruners.Magnitude;
import java.util.Optional;

/**
 * AST: straight-through with a decay of hidden weights that grows, inside AdamW's step: with m1 the
 * mean gradient, {@code u = m1 + lambda_t (1 - m) w} takes its place in the step and in the second
 * moment; {@code lambda_t = decay min(t, ramp) / ramp}. To be trained with the dense model's logits
 * as a teacher.
 *
 * @param decay lambda, 0 or more
 * @param ramp steps until it is reached, 1 or more
 * @param every steps between two masks; 10 in the paper
 * @see <a href="https://arxiv.org/abs/2407.20584">Huang et al. 2024, "Pruning Large Language Models
 *     with Semi-Structural Adaptive Sparse Training", section 3</a>
 */
public record AdaptiveTrainer(double decay, long ramp, long every) implements SparsityMethod {

  /** Checks the numbers. */
  public AdaptiveTrainer {
    Check.that(decay >= 0 && decay < 1e6, "decay is %s, allowed: 0 or more", decay);
    Check.that(
        ramp >= 1 && every >= 1, "ramp is %d and every %d steps, allowed: 1 or more", ramp, every);
  }

  /** Lambda at a step. */
  public double lambda(long step) {
    return decay * Math.min(step, ramp) / ramp;
  }

  @Override
  public Criterion initial() {
    return new Magnitude();
  }

  @Override
  public Updater updater() {
    return new Refresh(new Magnitude(), Trigger.every(every));
  }

  @Override
  public Optional<WeightView> view() {
    return Optional.of(new StraightThrough.View());
  }

  @Override
  public Optional<Penalty> penalty() {
    return Optional.of(new AnnealedDecay(this));
  }

  private record AnnealedDecay(AdaptiveTrainer method) implements Penalty {

    @Override
    public boolean changesDirection() {
      return true;
    }

    @Override
    public NDArray direction(WeightView.Operand w, NDArray mean) {
      NDArray hidden = w.weight().sub(w.weight().mul(w.keep()));
      return hidden.muli(method.lambda(w.step())).addi(mean);
    }
  }
}

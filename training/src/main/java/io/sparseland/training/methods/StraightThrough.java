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
 * The forward pass sees {@code m · w} with the mask of the present weights; the stored weight gets
 * the gradient of the masked one, also where {@code m = 0}: {@code dL/dw = dL/d(m · w)}.
 *
 * <p>With a decay it is SR-STE: {@code dL/dw = dL/d(m · w) + decay (1 - m) w} draws hidden weights
 * to 0, so that masks come to rest. The term goes through momentum as the gradient does. 0.0002 in
 * the paper for 120 epochs; few epochs need more.
 *
 * @param decay of hidden weights, 0 or more
 * @param every steps between two masks
 * @see <a href="https://arxiv.org/abs/1308.3432">Bengio et al. 2013, "Estimating or Propagating
 *     Gradients Through Stochastic Neurons", section 4</a>
 * @see <a href="https://arxiv.org/abs/2102.04010">Zhou et al. 2021, "Learning N:M fine-grained
 *     structured sparse neural networks from scratch", eq. 9</a>
 */
public record StraightThrough(double decay, long every) implements SparsityMethod {

  /** Checks the decay. */
  public StraightThrough {
    Check.that(decay >= 0 && decay < 1e6, "decay is %s, allowed: 0 or more", decay);
    Check.that(every >= 1, "every is %d steps, allowed: 1 or more", every);
  }

  /** Plain, a mask at every step. */
  public StraightThrough() {
    this(0, 1);
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
    return Optional.of(new View());
  }

  @Override
  public Optional<Penalty> penalty() {
    return decay == 0 ? Optional.empty() : Optional.of(new HiddenDecay(decay));
  }

  /** {@code m · w}, and the gradient as it comes. */
  record View() implements WeightView {

    @Override
    public NDArray effective(Operand w) {
      return w.weight().mul(w.keep());
    }

    @Override
    public void show(Operand w, NDArray parameter) {
      parameter.muli(w.keep());
    }

    @Override
    public boolean showsInPlace() {
      return true;
    }

    @Override
    public NDArray gradient(Operand w, NDArray effectiveGradient) {
      return effectiveGradient;
    }
  }

  /** Adds {@code factor (1 - m) w}. */
  record HiddenDecay(double factor) implements Penalty {

    @Override
    public void gradient(WeightView.Operand w, NDArray gradient) {
      gradient.addi(w.keep().mul(-factor).addi(factor).muli(w.weight()));
    }
  }
}

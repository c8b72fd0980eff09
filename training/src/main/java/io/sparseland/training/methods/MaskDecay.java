// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.core.WeightView;
import io.sparseland.pruners.Magnitude;
import java.util.Optional;

/**
 * Mask decay of progressive gradient flow: {@code w~ = w (m + (1 - m) beta)} with beta falling from
 * 1 to 0, so that what the mask hides fades instead of vanishing. From {@code until} on the mask is
 * hard and rests.
 *
 * @param decay how beta falls: linear {@code 1 - t / until}, exponential {@code exp(-rate t /
 *     until)}
 * @param rate of the exponential
 * @param until step at which the mask becomes hard, 1 or more
 * @param flow the gradient of the stored weight
 * @param every steps between two masks
 * @see <a href="https://arxiv.org/abs/2402.04744">Bambhaniya et al. 2024, "Progressive Gradient
 *     Flow for Robust N:M Sparsity Training in Transformers", section 4.1</a>
 */
public record MaskDecay(Decay decay, double rate, long until, Flow flow, long every)
    implements SparsityMethod {

  /** How beta falls. */
  public enum Decay {
    /** {@code 1 - t / until}. */
    LINEAR,
    /** {@code exp(-rate t / until)}. */
    EXPONENTIAL
  }

  /** The gradient of the stored weight. */
  public enum Flow {
    /** {@code G (m + (1 - m) beta)}: the chain rule, which restricts the flow as in the paper. */
    SCALED,
    /** {@code G}, as in the authors' code. */
    STRAIGHT_THROUGH
  }

  /** Checks the numbers. */
  public MaskDecay {
    Check.that(rate >= 0 && rate <= 1000, "rate is %s, allowed: 0 to 1000", rate);
    Check.that(until >= 1, "until is step %d, allowed: 1 or more", until);
    Check.that(every >= 1, "every is %d steps, allowed: 1 or more", every);
  }

  /** Share of a hidden weight that the forward pass sees at a step. */
  public double beta(long step) {
    if (step >= until) {
      return 0;
    }
    double passed = step / (double) until;
    return decay == Decay.LINEAR ? 1 - passed : Math.exp(-rate * passed);
  }

  @Override
  public Criterion initial() {
    return new Magnitude();
  }

  @Override
  public Updater updater() {
    return new Refresh(new Magnitude(), new Trigger(0, every, until));
  }

  @Override
  public Optional<WeightView> view() {
    return Optional.of(new SoftMask(this));
  }

  /** {@code w (m + (1 - m) beta)}. */
  record SoftMask(MaskDecay method) implements WeightView {

    @Override
    public NDArray effective(Operand w) {
      return soften(w, w.weight());
    }

    @Override
    public NDArray gradient(Operand w, NDArray effectiveGradient) {
      return method.flow == Flow.SCALED ? soften(w, effectiveGradient) : effectiveGradient;
    }

    private NDArray soften(Operand w, NDArray values) {
      double beta = method.beta(w.step());
      return beta == 0 ? values.mul(w.keep()) : w.keep().mul(1 - beta).addi(beta).muli(values);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Scores;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.core.WeightView;
import io.sparseland.pruners.Magnitude;
import java.util.Optional;
import java.util.Set;

/**
 * A score for every weight, trained by straight-through: {@code w~ = m w} with m the weights of
 * highest {@code |S|}; {@code dL/dS = G w sign(S)}, also where the mask is 0. Scores start at
 * {@code sqrt(6 / fan_in) w / max |w|}. The sparse operation of DASS, popup scores elsewhere.
 *
 * @param frozen whether weights rest while their scores are trained (the optimizer should have no
 *     weight decay then); else {@code dL/dw = m G}
 * @param every steps between two masks
 * @see <a href="https://arxiv.org/abs/1911.13299">Ramanujan et al. 2020, "What's Hidden in a
 *     Randomly Weighted Neural Network?", section 3</a>
 * @see <a href="https://arxiv.org/abs/2207.06968">Mousavi et al. 2022, "DASS: Differentiable
 *     Architecture Search for Sparse Neural Networks", section 3.2</a>
 */
public record Popup(boolean frozen, long every) implements SparsityMethod {

  /** Checks the interval. */
  public Popup {
    Check.that(every >= 1, "every is %d steps, allowed: 1 or more", every);
  }

  @Override
  public Criterion initial() {
    return new Magnitude(); // the order of the first scores
  }

  @Override
  public Updater updater() {
    return new Refresh(new LearnedScore(), Trigger.every(every));
  }

  @Override
  public Optional<WeightView> view() {
    return Optional.of(new Scored(frozen));
  }

  /** {@code |S|}. */
  record LearnedScore() implements Criterion {

    @Override
    public Set<Statistic> needs() {
      return Set.of(Statistic.LEARNED);
    }

    @Override
    public NDArray score(Layer layer, Evidence evidence) {
      return evidence.get(Statistic.LEARNED).abs(); // [out, in]
    }
  }

  /** {@code m w} with trained scores. */
  record Scored(boolean frozen) implements WeightView {

    @Override
    public float[] own(Layer layer) {
      float[] scores = Scores.weights(layer);
      float most = 0;
      for (float weight : scores) {
        most = Math.max(most, Math.abs(weight));
      }
      double scale = most == 0 ? 0 : Math.sqrt(6.0 / layer.geometry().in()) / most;
      for (int i = 0; i < scores.length; i++) {
        scores[i] *= (float) scale;
      }
      return scores;
    }

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
      return frozen ? effectiveGradient.zerosLike() : effectiveGradient.mul(w.keep());
    }

    @Override
    public NDArray ownGradient(Operand w, NDArray effectiveGradient) {
      return effectiveGradient.mul(w.weight()).muli(w.own().sign());
    }
  }
}

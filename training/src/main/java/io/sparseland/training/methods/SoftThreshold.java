// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Updater;
import io.sparseland.core.WeightView;
import io.sparseland.pruners.Magnitude;
import io.sparseland.schedulers.dynamic.Static;
import java.util.Optional;

/**
 * STR: one threshold a layer, learned with the weights; the sparsity and its spread over layers
 * come out of the training. {@code w~ = sign(w) max(|w| - sigmoid(s), 0)}; with {@code A} where
 * {@code |w| > sigmoid(s)}: {@code dL/dw = G} on A and 0 elsewhere, {@code dL/ds = -sigmoid'(s) sum
 * over A of sign(w) G}, {@code + decay s}, which draws s towards 0 and so prunes. s is stepped by
 * the same optimizer.
 *
 * <p>What is exported is w~: the kept weights are shrunk, and nothing is added back.
 *
 * @param start first s; -3200 in the paper's hundred epochs, where sigmoid is 0
 * @param decay of s, beside what the optimizer's weight decay does to all parameters
 * @see <a href="https://arxiv.org/abs/2002.03231">Kusupati et al. 2020, "Soft Threshold Weight
 *     Reparameterization for Learnable Sparsity", eq. 4 to 7</a>
 */
public record SoftThreshold(double start, double decay) implements SparsityMethod {

  /** Checks the numbers. */
  public SoftThreshold {
    Check.that(start > -1e6 && start < 100, "start is %s, allowed: -1000000 to 100", start);
    Check.that(decay >= 0 && decay < 1e6, "decay is %s, allowed: 0 or more", decay);
  }

  @Override
  public Criterion initial() {
    return new Magnitude();
  }

  @Override
  public Schedule sparsity(double target) {
    return step -> 0;
  }

  @Override
  public Updater updater() {
    return new Static().updater();
  }

  @Override
  public boolean emergent() {
    return true;
  }

  @Override
  public Optional<WeightView> view() {
    return Optional.of(new Thresholded(start, decay));
  }

  /** {@code 1 / (1 + exp(-s))}, without overflow. */
  static double sigmoid(double s) {
    return s >= 0 ? 1 / (1 + Math.exp(-s)) : Math.exp(s) / (1 + Math.exp(s));
  }

  /** {@code sign(w) max(|w| - sigmoid(s), 0)}. */
  record Thresholded(double start, double decay) implements WeightView {

    @Override
    public float[] own(Layer layer) {
      return new float[] {(float) start};
    }

    @Override
    public NDArray effective(Operand w) {
      NDArray over = w.weight().abs().subi(threshold(w)).maximum(0);
      return w.weight().sign().muli(over);
    }

    @Override
    public NDArray gradient(Operand w, NDArray effectiveGradient) {
      return effectiveGradient.mul(above(w));
    }

    @Override
    public NDArray ownGradient(Operand w, NDArray effectiveGradient) {
      NDArray pull = w.weight().sign().muli(effectiveGradient).muli(above(w)).sum();
      double sigmoid = threshold(w);
      return pull.muli(-sigmoid * (1 - sigmoid))
          .addi(decay * s(w))
          .reshape(w.own().getShape())
          .toType(w.own().getDataType(), false);
    }

    @Override
    public NDArray merge(Operand w) {
      return effective(w);
    }

    @Override
    public Optional<NDArray> emergent(Operand w) {
      return Optional.of(above(w));
    }

    private static NDArray above(Operand w) {
      return w.weight().abs().gt(threshold(w)).toType(w.weight().getDataType(), false);
    }

    private static double threshold(Operand w) {
      return sigmoid(s(w));
    }

    private static double s(Operand w) {
      return w.own().toType(DataType.FLOAT64, false).getDouble();
    }
  }
}

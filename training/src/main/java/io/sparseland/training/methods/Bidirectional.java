// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.Updater;
import io.sparseland.core.WeightView;
import io.sparseland.pruners.Magnitude;
import java.util.Optional;

/**
 * BDWP: N:M in both products with a weight. Forward {@code Y = X Wf^T} with groups along inputs;
 * {@code dX = dY Wb} with groups along outputs, the reduction dimension of that product; {@code dW
 * = dY^T X} is dense and goes to the dense stored weight. Both masks follow the present weights.
 *
 * @param every steps between two forward masks
 * @param exact whether {@code dX} uses the forward weight instead, the gradient of what is computed
 * @see <a href="https://arxiv.org/abs/2309.13015">Fang et al. 2023, "Efficient N:M Sparse DNN
 *     Training Using Algorithm, Architecture, and Dataflow Co-Design", section 3</a>
 */
public record Bidirectional(long every, boolean exact) implements SparsityMethod {

  /** Checks the interval. */
  public Bidirectional {
    Check.that(every >= 1, "every is %d steps, allowed: 1 or more", every);
  }

  @Override
  public void check(Layer layer, Pattern pattern) {
    pattern.check(layer.geometry());
    if (!exact) {
      checkOutputs(layer, pattern);
    }
  }

  private static Pattern.NM checkOutputs(Layer layer, Pattern pattern) {
    if (!(pattern instanceof Pattern.NM nm)) {
      throw new IllegalArgumentException(
          "two masks need an N:M pattern, found %s, allowed: such as 2:4"
              .formatted(pattern.text()));
    }
    try {
      nm.check(turned(layer));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "outputs of layer '%s', the inputs of the backward product: %s"
              .formatted(layer.name(), e.getMessage()),
          e);
    }
    return nm;
  }

  private static Geometry turned(Layer layer) {
    return Geometry.linear(layer.geometry().in(), layer.geometry().out());
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
    return Optional.of(exact ? new StraightThrough.View() : new BothWays());
  }

  /** Another mask on the way back. */
  record BothWays() implements WeightView {

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

    @Override
    public boolean changesBackward() {
      return true;
    }

    @Override
    public Optional<NDArray> backward(Operand w) {
      Pattern.NM nm = checkOutputs(w.layer(), w.pattern());
      float[] weights = new float[w.layer().geometry().size()]; // [out, in]
      w.weight().toByteBuffer(true).asFloatBuffer().get(weights);
      pruneAlongOutputs(weights, w.layer().geometry().in(), nm);
      return Optional.of(w.weight().getManager().create(weights, w.weight().getShape()));
    }

    /**
     * Sets the smallest of every group of outputs that share an input to 0; of equal ones the lower
     * output goes first. Rows are read in turn, as they lie in memory.
     */
    private static void pruneAlongOutputs(float[] weights, int in, Pattern.NM nm) {
      int pruned = nm.group() - nm.keep();
      float[] sizes = new float[nm.group()];
      int rest = weights.length / in % nm.group() * in; // stays dense where the pattern says so
      for (int block = 0; block < weights.length - rest; block += nm.group() * in) {
        for (int column = block; column < block + in; column++) {
          for (int i = 0; i < sizes.length; i++) {
            sizes[i] = Math.abs(weights[column + i * in]);
          }
          for (int i = 0; i < sizes.length; i++) {
            int before = 0; // how many of the group go before it
            for (int j = 0; j < i; j++) {
              before += sizes[i] >= sizes[j] ? 1 : 0;
            }
            for (int j = i + 1; j < sizes.length; j++) {
              before += sizes[i] > sizes[j] ? 1 : 0;
            }
            if (before < pruned) {
              weights[column + i * in] = 0;
            }
          }
        }
      }
    }
  }
}

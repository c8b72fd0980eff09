// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import ai.djl.ndarray.NDArray;
import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerShape;
import io.sparseland.core.Pattern;
import io.sparseland.core.Penalty;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scope;
import io.sparseland.core.Scores;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Torch;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.schedulers.OneShot;
import io.sparseland.schedulers.dynamic.GradualPrune;
import java.util.List;
import java.util.Optional;

/**
 * WGSEF: a proximal step of the group sparse envelope after every optimizer step draws all but the
 * k strongest groups (whole outputs or input channels) of a layer to 0; at {@code until} the others
 * are pruned and the mask rests. k follows from the sparsity.
 *
 * @param lambda weight of the envelope in a step: the learning rate times the strength
 * @param every steps between two proximal steps
 * @param until step of the pruning
 * @see <a href="https://arxiv.org/abs/2212.12921">Refael et al. 2022, "Learning k-Level Structured
 *     Sparse Neural Networks Using Group Envelope Regularization", section 3</a>
 */
public record GroupEnvelope(double lambda, long every, long until) implements SparsityMethod {

  /** Checks the numbers. */
  public GroupEnvelope {
    Check.that(lambda > 0 && lambda < 1e6, "lambda is %s, allowed: above 0", lambda);
    Check.that(
        every >= 1 && until >= every,
        "every is %d and until %d steps, allowed: 1 <= every <= until",
        every,
        until);
  }

  @Override
  public Criterion initial() {
    return new Square();
  }

  @Override
  public Schedule sparsity(double target) {
    return new OneShot(0, target, until);
  }

  @Override
  public Updater updater() {
    return new GradualPrune(new Square(), new Trigger(until, 1, until));
  }

  @Override
  public Optional<Penalty> penalty() {
    return Optional.of(new Proximal(this));
  }

  /** {@code w^2}, so that a group scores its squared norm. */
  private record Square() implements Criterion {

    @Override
    public NDArray score(Layer layer, Evidence evidence) {
      return layer.weight().square(); // [out, in]
    }
  }

  private record Proximal(GroupEnvelope method) implements Penalty {

    @Override
    public void afterStep(UpdateContext context) {
      if (!Trigger.every(method.every).until(method.until - 1).due(context.step())) {
        return;
      }
      List<Layer> layers = context.layers();
      double target = context.sparsity().at(method.until);
      long[] kept = context.allocation().kept(LayerShape.of(layers), target);
      for (int i = 0; i < kept.length; i++) {
        shrink(context.pattern(), layers.get(i), kept[i]);
      }
    }

    private void shrink(Pattern pattern, Layer layer, long kept) {
      Check.that(
          pattern instanceof Pattern.Row || pattern instanceof Pattern.Channel,
          "the group envelope needs whole groups, found pattern %s, allowed: row, channel",
          pattern.text());
      Geometry geometry = layer.geometry();
      int units = pattern.units(geometry);
      float[] weights = Scores.weights(layer);
      double[] norms = new double[units];
      for (int i = 0; i < weights.length; i++) {
        norms[pattern.unitOf(geometry, i)] += (double) weights[i] * weights[i];
      }
      double[] ones = new double[units];
      for (int j = 0; j < units; j++) {
        norms[j] = Math.sqrt(norms[j]);
        ones[j] = 1;
      }
      long stay = units - pattern.pruneUnits(geometry, geometry.size() - kept, Scope.LAYER);
      double[] u = Envelope.shares(norms, ones, stay, method.lambda);
      for (int i = 0; i < weights.length; i++) {
        double share = u[pattern.unitOf(geometry, i)];
        weights[i] *= (float) (share / (method.lambda + share));
      }
      NDArray weight = layer.weight();
      Torch.copy(weight.getManager().create(weights, weight.getShape()), weight);
    }
  }
}

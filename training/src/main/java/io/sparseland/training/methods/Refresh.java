// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pruner;
import io.sparseland.core.Scope;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.pruners.Magnitude;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Chooses every mask anew from the stored weights, whatever the present one: what was pruned may
 * return.
 *
 * @param criterion lowest go
 * @param when masks are chosen, after the optimizer step
 */
record Refresh(Criterion criterion, Trigger when) implements Updater {

  @Override
  public Moment moment() {
    return Moment.AFTER_STEP;
  }

  @Override
  public boolean due(long step) {
    return when.due(step);
  }

  @Override
  public Set<Statistic> needs() {
    return criterion.needs();
  }

  @Override
  public void update(UpdateContext context) {
    choose(context, criterion, context.sparsity().at(context.step()))
        .forEach(
            (layer, mask) -> {
              if (!mask.equals(context.mask(layer))) {
                context.replace(layer, mask);
              }
            });
  }

  /** The masks of a sparsity that ignore the present ones. */
  static Map<Layer, Mask> choose(UpdateContext context, Criterion criterion, double sparsity) {
    Pruner pruner = Pruner.of(criterion).with(context.allocation()).with(context.pattern());
    List<Layer> layers = context.layers();
    long[] kept = pruner.kept(layers, context::evidence, sparsity, layer -> null);
    Scope within = pruner.within() == Scope.GLOBAL ? Scope.LAYER : pruner.within();
    Map<Layer, Mask> masks = new LinkedHashMap<>();
    for (int i = 0; i < kept.length; i++) {
      Layer layer = layers.get(i);
      float[] scores = scores(criterion, layer, context);
      masks.put(layer, context.pattern().selectKept(scores, layer.geometry(), kept[i], within));
    }
    return masks;
  }

  /** Magnitudes are taken from the weights directly, as every step may ask for them. */
  private static float[] scores(Criterion criterion, Layer layer, UpdateContext context) {
    if (!(criterion instanceof Magnitude)) {
      return Scores.of(criterion, layer, context.evidence(layer));
    }
    float[] scores = new float[layer.geometry().size()];
    layer.parameter().getArray().toByteBuffer(true).asFloatBuffer().get(scores);
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Math.abs(scores[i]);
    }
    return scores;
  }
}

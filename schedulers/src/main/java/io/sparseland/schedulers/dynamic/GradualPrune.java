// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pruner;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import java.util.Map;
import java.util.Set;

/**
 * Prunes further whenever the sparsity schedule asks for more; a weight once pruned never returns,
 * so later masks are subsets of earlier ones.
 *
 * @param criterion lowest go
 * @param when updates happen, after the optimizer step
 */
public record GradualPrune(Criterion criterion, Trigger when) implements Updater {

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
    Map<Layer, Mask> masks =
        Pruner.of(criterion)
            .with(context.allocation())
            .with(context.pattern())
            .prune(
                context.layers(),
                context::evidence,
                context.sparsity().at(context.step()),
                context::mask);
    masks.forEach(
        (layer, mask) -> {
          if (mask.kept() != context.mask(layer).kept()) {
            context.replace(layer, mask);
          }
        });
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Drops the kept weights with the lowest scores and grows as many elsewhere; SET, RigL and their
 * kin are arguments of this one.
 *
 * <p>In each layer {@code k = min(floor(fraction · kept), free)} weights are exchanged, unless said
 * otherwise; grown weights and their optimizer slots start at 0, survivors stay as they are to the
 * bit. The number of kept weights never changes: in each layer, or with a {@link Reallocation} in
 * all layers together. Works on single weights (unstructured masks).
 */
public final class DropGrow implements Updater {

  private final Drop drop;
  private final Growth growth;
  private final Trigger when;
  private final boolean replacesStep;

  /** What is grown, where and with which value. */
  private record Growth(
      Criterion criterion, boolean returns, Reallocation amounts, Fresh fresh, int batches) {}

  /**
   * After the optimizer step; a weight dropped is not grown in the same update.
   *
   * @param drop lowest go
   * @param grow highest come
   * @param fraction share of the kept weights to exchange; 0 means no update
   * @param when updates happen
   */
  public DropGrow(Criterion drop, Criterion grow, Schedule fraction, Trigger when) {
    this(new LowestScores(drop, fraction, Rounding.DOWN, false), grow, when);
  }

  /** The same with another rule of what goes. */
  DropGrow(Drop drop, Criterion grow, Trigger when) {
    this(drop, new Growth(grow, false, Reallocation.none(), Fresh.ZERO, 1), when, false);
  }

  private DropGrow(Drop drop, Growth growth, Trigger when, boolean replacesStep) {
    Check.that(growth.batches >= 1, "batches is %d, allowed: 1 or more", growth.batches);
    this.drop = drop;
    this.growth = growth;
    this.when = when;
    this.replacesStep = replacesStep;
  }

  /** A weight dropped in an update may be grown again in it, value and state kept. */
  public DropGrow allowingReturn() {
    return with(new Growth(growth.criterion, true, growth.amounts, growth.fresh, growth.batches));
  }

  /** On live gradients after the backward pass; the optimizer leaves out that step. */
  public DropGrow replacingOptimizerStep() {
    return new DropGrow(drop, growth, when, true);
  }

  /** Grows by the mean gradient of the last so many batches before the update. */
  public DropGrow overBatches(int batches) {
    return with(
        new Growth(growth.criterion, growth.returns, growth.amounts, growth.fresh, batches));
  }

  /** Spreads what grows over the layers anew. */
  DropGrow reallocating(Reallocation amounts) {
    return with(
        new Growth(growth.criterion, growth.returns, amounts, growth.fresh, growth.batches));
  }

  /** Grown weights start with these values instead of 0. */
  DropGrow starting(Fresh fresh) {
    return with(
        new Growth(growth.criterion, growth.returns, growth.amounts, fresh, growth.batches));
  }

  private DropGrow with(Growth other) {
    return new DropGrow(drop, other, when, replacesStep);
  }

  @Override
  public Moment moment() {
    return replacesStep ? Moment.AFTER_BACKWARD : Moment.AFTER_STEP;
  }

  @Override
  public boolean due(long step) {
    return when.due(step) && drop.at(step);
  }

  @Override
  public boolean insteadOfOptimizerStep() {
    return replacesStep;
  }

  @Override
  public Set<Statistic> needs() {
    Set<Statistic> needs = EnumSet.noneOf(Statistic.class);
    needs.addAll(drop.needs());
    needs.addAll(growth.criterion.needs());
    needs.addAll(growth.amounts.needs());
    return needs;
  }

  @Override
  public int gradientBatches() {
    return growth.batches;
  }

  @Override
  public boolean readsPrunedGradients() {
    Set<Statistic> grown = growth.criterion.needs();
    return grown.contains(Statistic.GRADIENT) || needs().contains(Statistic.MOMENTUM);
  }

  @Override
  public boolean keepsSlots() {
    return needs().contains(Statistic.MOMENTUM); // its signal would be lost
  }

  @Override
  public void update(UpdateContext context) {
    Check.that(
        context.pattern() instanceof Pattern.Unstructured,
        "drop and grow works on single weights, found pattern %s, allowed: unstructured",
        context.pattern().text());
    Map<Layer, BitSet> dropped = new LinkedHashMap<>();
    long[] places = new long[context.layers().size()];
    long gone = 0;
    long kept = 0;
    for (Layer layer : context.layers()) {
      Mask mask = context.mask(layer);
      BitSet out = drop.of(context, layer);
      long free = (long) mask.size() - mask.kept();
      places[dropped.size()] = free + (growth.returns ? out.cardinality() : 0);
      dropped.put(layer, out);
      gone += out.cardinality();
      kept += mask.kept();
    }
    drop.done(context, gone, kept);
    long[] amounts = growth.amounts.grown(context, dropped, places);
    int at = 0;
    for (Map.Entry<Layer, BitSet> each : dropped.entrySet()) {
      exchange(context, each.getKey(), each.getValue(), amounts[at++]);
    }
  }

  private void exchange(UpdateContext context, Layer layer, BitSet dropped, long amount) {
    if (dropped.isEmpty() && amount == 0) {
      return;
    }
    Mask mask = context.mask(layer);
    float[] scores = Scores.of(growth.criterion, layer, context.evidence(layer));
    Topology next = Topology.grow(mask, dropped, scores, amount, growth.returns);
    context.replace(layer, next.mask());
    growth.fresh.write(context, layer, next.fresh(mask));
  }
}

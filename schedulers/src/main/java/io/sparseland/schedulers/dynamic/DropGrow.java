// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
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
import java.util.Set;

/**
 * Drops the kept weights with the lowest scores and grows as many elsewhere; SET, RigL and their
 * kin are arguments of this one.
 *
 * <p>In each layer {@code k = min(floor(fraction · kept), free)} weights are exchanged; grown
 * weights and their optimizer slots start at 0, survivors stay as they are to the bit. The number
 * of kept weights never changes. Works on single weights (unstructured masks).
 */
public final class DropGrow implements Updater {

  private final Criterion drop;
  private final Criterion grow;
  private final Schedule fraction;
  private final Trigger when;
  private final EnumSet<Option> options;

  private enum Option {
    RETURNS,
    REPLACES_STEP,
    BY_SIGN
  }

  /**
   * After the optimizer step; a weight dropped is not grown in the same update.
   *
   * @param drop lowest go
   * @param grow highest come
   * @param fraction share of the kept weights to exchange; 0 means no update
   * @param when updates happen
   */
  public DropGrow(Criterion drop, Criterion grow, Schedule fraction, Trigger when) {
    this(drop, grow, fraction, when, EnumSet.noneOf(Option.class));
  }

  private DropGrow(
      Criterion drop, Criterion grow, Schedule fraction, Trigger when, EnumSet<Option> options) {
    this.drop = drop;
    this.grow = grow;
    this.fraction = fraction;
    this.when = when;
    this.options = options;
  }

  /** A weight dropped in an update may be grown again in it, value and state kept. */
  public DropGrow allowingReturn() {
    return and(Option.RETURNS);
  }

  /** On live gradients after the backward pass; the optimizer leaves out that step. */
  public DropGrow replacingOptimizerStep() {
    return and(Option.REPLACES_STEP);
  }

  /** Drops the share of the smallest positive and of the largest negative weights instead. */
  public DropGrow droppingBySign() {
    return and(Option.BY_SIGN);
  }

  @Override
  public Moment moment() {
    return insteadOfOptimizerStep() ? Moment.AFTER_BACKWARD : Moment.AFTER_STEP;
  }

  @Override
  public boolean due(long step) {
    return when.due(step) && fraction.at(step) > 0;
  }

  @Override
  public boolean insteadOfOptimizerStep() {
    return options.contains(Option.REPLACES_STEP);
  }

  @Override
  public Set<Statistic> needs() {
    Set<Statistic> needs = EnumSet.noneOf(Statistic.class);
    needs.addAll(drop.needs());
    needs.addAll(grow.needs());
    return needs;
  }

  @Override
  public void update(UpdateContext context) {
    Check.that(
        context.pattern() instanceof Pattern.Unstructured,
        "drop and grow works on single weights, found pattern %s, allowed: unstructured",
        context.pattern().text());
    double share = fraction.at(context.step());
    for (Layer layer : context.layers()) {
      Mask mask = context.mask(layer);
      Evidence evidence = context.evidence(layer);
      BitSet dropped =
          options.contains(Option.BY_SIGN)
              ? Topology.dropBySign(mask, Scores.weights(layer), share)
              : Topology.drop(mask, Scores.of(drop, layer, evidence), Topology.count(mask, share));
      if (!dropped.isEmpty()) {
        float[] growth = Scores.of(grow, layer, evidence);
        Topology next = Topology.grow(mask, dropped, growth, options.contains(Option.RETURNS));
        context.replace(layer, next.mask());
      }
    }
  }

  private DropGrow and(Option option) {
    EnumSet<Option> more = EnumSet.copyOf(options);
    more.add(option);
    return new DropGrow(drop, grow, fraction, when, more);
  }
}

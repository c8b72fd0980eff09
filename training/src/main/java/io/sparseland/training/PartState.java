// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Allocation;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Schedule;
import io.sparseland.core.StateKeeper;
import io.sparseland.core.Statistic;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** A {@link Part} at work on its layers; what its {@link Updater} sees. */
final class PartState implements UpdateContext {

  private final Part part;
  private final Updater updater;
  private final Map<Layer, MaskedLayer> layers = new LinkedHashMap<>(); // forward order
  private final StateKeeper slots;
  private final Consumer<MaskUpdate> log;
  private long step;

  PartState(Part part, List<MaskedLayer> layers, StateKeeper slots, Consumer<MaskUpdate> log) {
    this.part = part;
    this.updater = part.method().updater();
    layers.forEach(each -> this.layers.put(each.layer(), each));
    this.slots = slots;
    this.log = log;
  }

  /**
   * Runs the updater if this is its moment.
   *
   * @param now batches completed
   * @return whether it ran and takes the place of the optimizer step
   */
  boolean run(Updater.Moment moment, long now) {
    if (updater.moment() != moment || !updater.due(now)) {
      return false;
    }
    step = now;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      updater.update(this);
    }
    return updater.insteadOfOptimizerStep();
  }

  /**
   * Lets the method's penalty change weights after the optimizer's step.
   *
   * @param now batches completed
   */
  void penalise(long now) {
    step = now;
    part.method()
        .penalty()
        .ifPresent(
            penalty -> {
              try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                penalty.afterStep(this);
              }
            });
  }

  @Override
  public long step() {
    return step;
  }

  @Override
  public Schedule sparsity() {
    return part.method().sparsity(part.goal().sparsity());
  }

  @Override
  public Allocation allocation() {
    return part.goal().allocation();
  }

  @Override
  public Pattern pattern() {
    return part.goal().pattern();
  }

  @Override
  public List<Layer> layers() {
    return List.copyOf(layers.keySet());
  }

  @Override
  public Mask mask(Layer layer) {
    return masked(layer).kept();
  }

  @Override
  public Evidence evidence(Layer layer) {
    Evidence learned = masked(layer).learned();
    Evidence measured =
        updater.moment() == Updater.Moment.AFTER_BACKWARD ? new Gradient(layer) : learned;
    return measured.withUniform(layer, part.seed(), step);
  }

  @Override
  public void replace(Layer layer, Mask mask) {
    MaskedLayer masked = masked(layer);
    masked.replace(mask, step, slots).ifPresent(log);
  }

  @Override
  public void resetSlots() {
    slots.resetAll();
  }

  private MaskedLayer masked(Layer layer) {
    MaskedLayer found = layers.get(layer);
    if (found == null) {
      throw new IllegalArgumentException(
          "layer '%s' is not one of %s".formatted(layer.name(), layers.keySet()));
    }
    return found;
  }

  /** The dense gradient of the batch just run, also where the weight is pruned. */
  private record Gradient(Layer layer) implements Evidence {

    @Override
    public NDArray get(Statistic statistic) {
      if (statistic != Statistic.GRADIENT) {
        throw new IllegalArgumentException(
            "statistic %s is not available in training, allowed: %s"
                .formatted(statistic, available()));
      }
      Shape matrix = new Shape(layer.geometry().out(), layer.geometry().in());
      return layer.parameter().getArray().getGradient().reshape(matrix); // [out, in]
    }

    @Override
    public Set<Statistic> available() {
      return Set.of(Statistic.GRADIENT);
    }

    @Override
    public long samples(Statistic statistic) {
      return statistic == Statistic.GRADIENT ? 1 : 0;
    }
  }
}

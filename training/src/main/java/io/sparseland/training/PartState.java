// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
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
import io.sparseland.core.Updater.Moment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A {@link Part} at work on its layers; what its {@link Updater} sees. */
final class PartState implements UpdateContext {

  private final Part part;
  private final Updater updater;
  private final Map<Layer, MaskedLayer> layers = new LinkedHashMap<>(); // forward order
  private final StateKeeper slots;
  private final GradientMeans gradients;
  private final Consumer<MaskUpdate> log;
  private final Map<String, Double> memory = new HashMap<>();
  private final Map<Layer, Mask> replaced = new LinkedHashMap<>(); // masks before an update
  private boolean denseGradients; // whether this batch's gradients of pruned weights are read
  private boolean resetDue; // before the next step: some parameters may not have had this one
  private long step;

  PartState(
      Part part,
      List<MaskedLayer> layers,
      StateKeeper slots,
      NDManager manager,
      Consumer<MaskUpdate> log) {
    this.part = part;
    this.updater = part.method().updater();
    layers.forEach(each -> this.layers.put(each.layer(), each));
    this.slots = slots;
    this.gradients = new GradientMeans(manager);
    this.log = log;
  }

  /** Before the first step: a method that explores chooses what learns. */
  void begin() {
    if (part.method().exploration().isPresent()) {
      update(0);
      replaced.clear(); // the first masks are no changes
    }
  }

  void save(TrainState into) {
    resetIfDue();
    layers.values().forEach(layer -> layer.save(into));
    gradients.save(into);
    String first = layers.keySet().iterator().next().name();
    memory.forEach((name, value) -> into.put(memoryOf(first, name), Double.toString(value)));
    into.put("memory/" + first, String.join("\n", memory.keySet()));
  }

  /** The layers are restored by then. */
  void restore(TrainState from) {
    gradients.restore(from, layers.keySet());
    String first = layers.keySet().iterator().next().name();
    from.text("memory/" + first)
        .lines()
        .forEach(
            name -> memory.put(name, Double.parseDouble(from.text(memoryOf(first, name)))));
  }

  private static String memoryOf(String layer, String name) {
    return "memory/" + layer + "/" + name;
  }

  /**
   * Takes the gradients of a batch if the updater will read them.
   *
   * @param now batches completed before it
   */
  void backwardDone(long now) {
    resetIfDue();
    boolean live = updater.moment() == Moment.AFTER_BACKWARD;
    boolean read = updater.needs().contains(Statistic.GRADIENT) && updateWithin(now, live ? 0 : 1);
    denseGradients =
        updater.readsPrunedGradients() && (read || updater.needs().contains(Statistic.MOMENTUM));
    if (read && (!live || updater.gradientBatches() > 1)) {
      layers.keySet().forEach(gradients::add);
    }
  }

  private void resetIfDue() {
    if (resetDue) {
      slots.resetAll();
      resetDue = false;
    }
  }

  /** Whether an update will read a batch completed {@code ahead} steps from now. */
  private boolean updateWithin(long now, int ahead) {
    for (int k = 0; k < updater.gradientBatches(); k++) {
      if (updater.due(now + ahead + k)) {
        return true;
      }
    }
    return false;
  }

  /** Counts a completed step. */
  void count() {
    layers.values().forEach(layer -> layer.count(denseGradients));
  }

  List<LayerWork> work() {
    return layers.values().stream().map(MaskedLayer::work).toList();
  }

  /**
   * Runs the updater if this is its moment.
   *
   * @param now batches completed
   * @return whether it ran and takes the place of the optimizer step
   */
  boolean run(Moment moment, long now) {
    if (updater.moment() != moment || !updater.due(now)) {
      return false;
    }
    update(now);
    replaced.forEach((layer, before) -> masked(layer).logged(before, now).ifPresent(log));
    replaced.clear();
    return updater.insteadOfOptimizerStep();
  }

  private void update(long now) {
    step = now;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      layers.values().forEach(MaskedLayer::showStored);
      updater.update(this);
      if (part.method().exploration().isPresent()) {
        layers.values().forEach(MaskedLayer::apply);
      }
    }
    gradients.clear();
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
  public long seed() {
    return part.seed();
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
    return masked(layer).mask();
  }

  @Override
  public Map<String, Double> memory() {
    return memory;
  }

  @Override
  public Evidence evidence(Layer layer) {
    MaskedLayer masked = masked(layer);
    NDArray mean = gradients.of(layer);
    boolean live = updater.moment() == Moment.AFTER_BACKWARD;
    Evidence found = new TrainingEvidence(masked, slots, mean, live);
    if (masked instanceof ViewedLayer viewed) {
      found = viewed.learned().orElse(found);
    }
    return found.withUniform(layer, part.seed(), step);
  }

  @Override
  public void replace(Layer layer, Mask mask) {
    MaskedLayer masked = masked(layer);
    replaced.putIfAbsent(layer, masked.mask());
    masked.replace(mask, slots, updater.keepsSlots());
  }

  @Override
  public void resetSlots() {
    resetDue = true;
  }

  @Override
  public void explore(Layer layer, Mask learning) {
    DenseStore store = masked(layer).store();
    if (store == null) {
      throw new IllegalStateException(part.method() + " explores nothing");
    }
    store.choose(learning, mask(layer));
  }

  private MaskedLayer masked(Layer layer) {
    MaskedLayer found = layers.get(layer);
    if (found == null) {
      throw new IllegalArgumentException(
          "layer '%s' is not one of %s".formatted(layer.name(), layers.keySet()));
    }
    return found;
  }

  /** The method and how far it goes, for messages. */
  @Override
  public String toString() {
    return "%s at %s ".formatted(part.method().getClass().getSimpleName(), part.goal().sparsity());
  }
}

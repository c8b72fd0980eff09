// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListener.BatchData;
import ai.djl.training.optimizer.Optimizer;
import io.sparseland.core.Check;
import io.sparseland.core.Layer;
import io.sparseland.core.Layers;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.StateKeeper;
import io.sparseland.core.Torch;
import io.sparseland.core.Updater.Moment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the wrapped optimizer and the listener of one {@link Sparsity} share.
 *
 * <p>One batch: {@link #backwardDone} while gradients are alive, then {@link #step} once per
 * parameter in any order; where several batches come before a step, methods see the sum of their
 * gradients, which is what the optimizer sees. A step counts as completed when every sparse layer has had its update;
 * {@code step} is the number of completed batches at both moments. After each optimizer step the
 * weights are masked, and no more: Sgd, Adam and AdamW work weight by weight, so what a dense
 * gradient does to the slots of a pruned weight reaches no other, and is cleared when that weight
 * is grown. This is exact and costs one pass over the weights; masking the gradients instead makes
 * Adam's step half as long again, as its arithmetic is slow on zeros.
 */
final class SparseSession {

  private static final Logger log = LoggerFactory.getLogger(Sparsity.class);

  private final List<Part> parts;
  private final List<PartState> running = new ArrayList<>();
  private final Map<String, MaskedLayer> byParameter = new HashMap<>();
  private final List<ViewedLayer> viewed = new ArrayList<>();
  private final Set<String> waiting = new HashSet<>(); // parameters without their update yet
  private final List<MaskUpdate> updates = new ArrayList<>();
  private @Nullable OptimizerSlots slots;
  private @Nullable NDManager manager;
  private @Nullable Masks finalMasks;
  private long step;
  private boolean stepDue; // a batch's gradients are there, and no parameter has stepped since
  private boolean leaveOut; // this batch's optimizer step
  private @Nullable TrainState resumed;

  SparseSession(List<Part> parts) {
    this.parts = parts;
  }

  Optimizer wrap(Optimizer optimizer) {
    if (slots != null) {
      throw new IllegalStateException("this sparsity has an optimizer already; make a new one");
    }
    slots = OptimizerSlots.of(optimizer);
    return new MaskedOptimizer(optimizer, this);
  }

  void begin(Trainer trainer) {
    Block block = trainer.getModel().getBlock();
    if (block.isInitialized()) {
      attach(trainer, block.describeInput().values().toArray(new Shape[0]));
    }
  }

  void backwardDone(Trainer trainer, BatchData batch) {
    Torch.withoutGradients(() -> beforeStep(trainer, batch));
  }

  private void beforeStep(Trainer trainer, BatchData batch) {
    checkFinite(batch);
    boolean late = manager == null;
    if (late) {
      attach(trainer, batch.getBatch().getData().getShapes());
    }
    if (stepDue) {
      checkNoBackwardViews();
      return; // gradients are being accumulated: no step since the last batch
    }
    if (!waiting.isEmpty()) {
      throw new IllegalStateException(
          "no optimizer step for %s: is it used in every forward pass?".formatted(waitingLayers()));
    }
    waiting.addAll(byParameter.keySet());
    leaveOut = late;
    stepDue = true;
  }

  /**
   * Before the first parameter's step: only now is it sure that no other batch adds to the
   * gradients.
   */
  private void gradientsComplete() {
    running.forEach(part -> part.backwardDone(step));
    if (!leaveOut) {
      running.forEach(part -> leaveOut |= part.run(Moment.AFTER_BACKWARD, step));
    }
    for (ViewedLayer layer : viewed) {
      layer.backwardDone(step);
    }
  }

  /** Before the next forward pass, of the same batch or not. */
  void forwardBegins() {
    Torch.withoutGradients(() -> viewed.forEach(ViewedLayer::forwardBegins));
  }

  /** Between the passes of one batch; only a loop of our own can tell. */
  void forwardDone() {
    Torch.withoutGradients(() -> viewed.forEach(layer -> layer.forwardDone(step)));
  }

  /** One parameter's share of the optimizer step. */
  void step(Optimizer optimizer, String parameterId, NDArray weight, NDArray gradient) {
    MaskedLayer masked = byParameter.get(parameterId);
    if (manager == null || (masked != null && !waiting.contains(parameterId))) {
      throw new IllegalStateException(
          "the optimizer stepped before the sparsity listener heard of the batch: add"
              + " sparsity.listener() to the training configuration, and in a loop of your own"
              + " notify listeners (onTrainingBatch) between backward and step");
    }
    if (stepDue) {
      stepDue = false;
      Torch.withoutGradients(this::gradientsComplete);
    }
    if (leaveOut) {
      Torch.zeroGradient(weight);
    } else if (masked instanceof ViewedLayer layer) {
      layer.step(optimizer, parameterId, weight);
    } else {
      Runnable update = () -> optimizer.update(parameterId, weight, gradient);
      DenseStore store = masked == null ? null : masked.store();
      if (store == null) {
        update.run();
      } else {
        Torch.withoutGradients(() -> store.step(gradient, slotsOf(parameterId), update));
      }
      if (masked != null) {
        Torch.withoutGradients(masked::apply);
      }
    }
    if (waiting.remove(parameterId) && waiting.isEmpty()) {
      step++;
      running.forEach(PartState::count);
      Torch.withoutGradients(this::afterStep);
    }
  }

  private void afterStep() {
    try {
      running.forEach(part -> part.penalise(step));
      running.forEach(part -> part.run(Moment.AFTER_STEP, step));
    } catch (IllegalArgumentException e) {
      throw diverged(e);
    }
    viewed.forEach(layer -> layer.stepDone(step));
  }

  /**
   * Scores of weights that have run away are refused; that is a failed training, no bad setting.
   */
  private TrainingFailure diverged(IllegalArgumentException e) {
    for (MaskedLayer masked : byParameter.values()) {
      double sum = sum(masked.layer().parameter().getArray());
      if (!Double.isFinite(sum)) {
        return new TrainingFailure(
            step, "the weights of layer '%s' add up to %s".formatted(masked.layer().name(), sum));
      }
    }
    throw e;
  }

  private List<NDArray> slotsOf(String parameterId) {
    return slots == null ? List.of() : slots.of(parameterId);
  }

  /** What this needs to go on, but for parameters and slots. */
  void save(TrainState into) {
    Torch.withoutGradients(() -> running.forEach(part -> part.save(into)));
    into.put("layers", layerNames());
    into.put("step", step);
    LeftMasks.save(updates, into);
  }

  /** Goes on from there when training begins. */
  void resuming(TrainState from) {
    resumed = from;
  }

  private String layerNames() {
    return running.stream()
        .map(part -> part + part.layers().stream().map(Layer::name).toList().toString())
        .collect(Collectors.joining("; "));
  }

  private void restore(TrainState from) {
    from.check("layers", layerNames());
    running.forEach(part -> part.restore(from));
    updates.addAll(LeftMasks.updates(from));
  }

  /** The values behind what a parameter shows, if there are any. */
  Optional<NDArray> behind(String parameterId) {
    return Optional.ofNullable(byParameter.get(parameterId)).flatMap(MaskedLayer::behind);
  }

  List<LayerWork> work() {
    return running.stream().flatMap(part -> part.work().stream()).toList();
  }

  void end() {
    if (manager != null && manager.isOpen()) {
      Torch.withoutGradients(() -> viewed.forEach(layer -> layer.merge(step)));
      finalMasks = masks();
      manager.close();
    }
  }

  Masks masks() {
    if (finalMasks != null) {
      return finalMasks;
    }
    if (manager == null) {
      throw new IllegalStateException("there are no masks before training begins");
    }
    Map<String, Mask> masks = new LinkedHashMap<>();
    for (PartState part : running) {
      part.layers().forEach(layer -> masks.put(layer.name(), part.mask(layer)));
    }
    return new Masks(masks);
  }

  List<MaskUpdate> updates() {
    return List.copyOf(updates);
  }

  private void attach(Trainer trainer, Shape... inputs) {
    OptimizerSlots keeper = slots;
    if (keeper == null) {
      throw new IllegalStateException(
          "the optimizer is not wrapped: use config.optOptimizer(sparsity.wrap(optimizer))");
    }
    if (manager != null) {
      throw new IllegalStateException("this sparsity has a trainer already; make a new one");
    }
    if (trainer.getDevices().length != 1) {
      throw new IllegalArgumentException(
          "%d devices, allowed: 1".formatted(trainer.getDevices().length));
    }
    step = resumed == null ? 0 : resumed.number("step");
    NDManager own = trainer.getModel().getNDManager().newSubManager();
    manager = own;
    Torch.withoutGradients(
        () -> cover(Layers.of(trainer.getModel().getBlock(), inputs), keeper, own));
    log.info("event=attached layers={} parts={}", byParameter.size(), parts.size());
  }

  /** Chooses, checks and draws for all parts first: nothing is changed if one of them fails. */
  private void cover(List<Layer> all, StateKeeper keeper, NDManager own) {
    Set<Layer> taken = new HashSet<>();
    List<Map<Layer, Mask>> first = new ArrayList<>();
    for (Part part : parts) {
      List<Layer> chosen = part.on().select(all);
      for (Layer layer : chosen) {
        checkFree(layer, taken);
        part.method().check(layer, part.goal().pattern());
      }
      first.add(resumed == null ? FirstMasks.of(part, chosen) : LeftMasks.of(part, chosen, resumed));
    }
    for (int i = 0; i < parts.size(); i++) {
      List<MaskedLayer> mine = new ArrayList<>();
      Part part = parts.get(i);
      first
          .get(i)
          .forEach(
              (layer, mask) -> {
                if (resumed == null) {
                  FirstMasks.initialise(part, layer, mask);
                }
                mine.add(covered(part, layer, mask, own));
              });
      for (MaskedLayer masked : mine) {
        byParameter.put(masked.layer().parameter().getId(), masked);
        if (resumed == null) {
          keeper.mask(masked.layer(), masked.keep());
        }
      }
      running.add(new PartState(part, mine, keeper, own, updates::add));
    }
    if (resumed == null) {
      running.forEach(PartState::begin);
    } else {
      restore(resumed);
    }
  }

  private MaskedLayer covered(Part part, Layer layer, Mask mask, NDManager own) {
    if (part.method().view().isEmpty()) {
      MaskedLayer plain =
          new MaskedLayer(layer, mask, own, part.method().exploration().orElse(null));
      if (resumed != null) {
        plain.restore(resumed);
      }
      return plain;
    }
    ViewedLayer masked = new ViewedLayer(layer, mask, own, part);
    if (resumed != null) {
      masked.restore(resumed);
    }
    masked.take();
    masked.stepDone(step);
    viewed.add(masked);
    return masked;
  }

  private void checkNoBackwardViews() {
    for (ViewedLayer layer : viewed) {
      if (layer.view().changesBackward()) {
        throw new IllegalStateException(
            "%s needs an optimizer step after every batch; to accumulate gradients use TrainLoop"
                .formatted(layer.view()));
      }
    }
  }

  private static void checkFree(Layer layer, Set<Layer> taken) {
    Check.that(
        layer.parameter().requiresGradient(),
        "layer '%s' is frozen and cannot be trained sparse; leave it out (except)",
        layer.name());
    Check.that(
        taken.add(layer),
        "layer '%s' is selected twice; selectors of several sparsities must not overlap",
        layer.name());
  }

  private List<String> waitingLayers() {
    return byParameter.values().stream()
        .filter(masked -> waiting.contains(masked.layer().parameter().getId()))
        .map(masked -> masked.layer().name())
        .sorted()
        .toList();
  }

  /** NaN weights or inputs show up in the predictions; one sum a batch finds them. */
  private void checkFinite(BatchData batch) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      for (NDList predictions : batch.getPredictions().values()) {
        for (NDArray prediction : predictions) {
          if (prediction.getDataType().isFloating() && Double.isNaN(sum(prediction))) {
            throw new TrainingFailure(step, "the predictions contain NaN");
          }
        }
      }
    }
  }

  private static double sum(NDArray array) {
    return array.sum().toType(DataType.FLOAT32, false).getFloat();
  }
}

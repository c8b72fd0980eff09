// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.optimizer.Optimizer;
import io.sparseland.core.Check;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Penalty;
import io.sparseland.core.Statistic;
import io.sparseland.core.Torch;
import io.sparseland.core.WeightView;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A layer whose parameter holds the effective weight of a {@link WeightView} while a batch runs,
 * and the stored one while masks are chosen. The optimizer steps on the stored one, which nothing
 * has to be copied for.
 */
final class ViewedLayer extends MaskedLayer implements WeightView.Operand {

  /** What follows a parameter's id in that of the numbers trained beside it. */
  static final String OWN = ".own";

  private static final long LOG_EVERY = 100; // steps; such methods may choose a mask at each

  private final Part part;
  private final WeightView view;
  private final NDArray stored; // the parameter's shape
  private final NDArray own;
  private final NDArray ownGradient;
  private @Nullable DirectedAdamW directed;
  private @Nullable TrainState resumed; // until the first step makes what it is for
  private int updates;
  private long step;
  private boolean forwardHeard;
  private boolean storedShown; // whether the parameter holds the stored weight
  private long logged;
  private int dropped; // since the last log entry
  private int grown;

  /** A layer whose parameter holds the stored weight as yet. */
  ViewedLayer(Layer layer, Mask mask, NDManager manager, Part part) {
    super(layer, mask, manager, true);
    this.part = part;
    this.view = part.method().view().orElseThrow();
    NDArray weight = layer.parameter().getArray();
    this.stored = manager.create(weight.getShape(), weight.getDataType());
    float[] first = view.own(layer);
    boolean each = first.length == mask.size();
    Check.that(
        each || first.length <= 1,
        "%s trains %d numbers beside the %d weights of layer '%s', allowed: none, 1, or one each",
        view,
        first.length,
        mask.size(),
        layer.name());
    this.own = manager.create(first, each ? weight.getShape() : new Shape(first.length));
    this.ownGradient = manager.create(own.getShape(), own.getDataType());
  }

  @Override
  public Layer layer() {
    return super.layer();
  }

  @Override
  public Pattern pattern() {
    return part.goal().pattern();
  }

  @Override
  public NDArray weight() {
    return stored;
  }

  @Override
  public NDArray keep() {
    return super.keep();
  }

  @Override
  public NDArray own() {
    return own;
  }

  @Override
  public long step() {
    return step;
  }

  WeightView view() {
    return view;
  }

  /** Takes back what {@link #forwardDone} has done. */
  void forwardBegins() {
    if (forwardHeard && view.changesBackward()) {
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        write(view.effective(this));
      }
    }
    forwardHeard = false;
  }

  private void write(NDArray weight) {
    Torch.copy(weight, parameter());
  }

  /**
   * Puts the weight of the backward product in place. The engine must not hear of it, as it would
   * refuse to differentiate through a changed array; so the bytes are written.
   */
  void forwardDone(long now) {
    step = now;
    forwardHeard = true;
    if (view.changesBackward()) {
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        view.backward(this).ifPresent(this::write);
      }
    }
  }

  /** Turns the gradient into that of the stored weight, and puts this one in place. */
  void backwardDone(long now) {
    step = now;
    if (view.changesBackward() && !forwardHeard) {
      throw new IllegalStateException(
          view + " works between the forward and the backward pass; use TrainLoop");
    }
    forwardHeard = false;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      NDArray arrived = parameter().getGradient();
      if (own.size() > 0) {
        Torch.copy(view.ownGradient(this, arrived), ownGradient);
      }
      NDArray gradient = view.gradient(this, arrived);
      if (gradient != arrived) {
        Torch.copy(gradient, arrived);
      }
      part.method().penalty().ifPresent(penalty -> penalty.gradient(this, arrived));
    }
  }

  /** Puts the stored weight in place, for whoever chooses masks by it. */
  @Override
  void showStored() {
    if (!storedShown) {
      write(stored);
      storedShown = true;
    }
  }

  @Override
  Optional<NDArray> behind() {
    return Optional.of(stored);
  }

  @Override
  void save(TrainState into) {
    super.save(into);
    String name = layer().name();
    into.put("own/" + name, own);
    into.put("viewed/" + name, updates, logged, dropped, grown);
    if (directed != null) {
      directed.save(into, name);
    }
  }

  /** The caller shows the weight afterwards by {@link #stepDone}. */
  @Override
  void restore(TrainState from) {
    super.restore(from);
    String name = layer().name();
    from.fill("own/" + name, own);
    long[] numbers = from.numbersOf("viewed/" + name);
    updates = (int) numbers[0];
    logged = numbers[1];
    dropped = (int) numbers[2];
    grown = (int) numbers[3];
    resumed = from.numbers("updates/").contains(name) ? from : null;
  }

  /** The stored weight takes the step; what the parameter shows is out of date until it is done. */
  void step(Optimizer optimizer, String parameterId, NDArray shown) {
    Penalty penalty = part.method().penalty().filter(Penalty::changesDirection).orElse(null);
    try (NDArray gradient = shown.getGradient()) { // the optimizer may be handed an older copy
      if (penalty == null) {
        optimizer.update(parameterId, stored, gradient);
      } else {
        directed(optimizer, penalty, gradient);
      }
    }
    if (own.size() > 0) {
      optimizer.update(parameterId + OWN, own, ownGradient);
    }
    Torch.zeroGradient(shown);
  }

  private void directed(Optimizer optimizer, Penalty penalty, NDArray gradient) {
    if (directed == null) {
      directed =
          new DirectedAdamW(OptimizerSlots.adamW(optimizer), penalty, stored, stored.getManager());
      if (resumed != null) {
        directed.restore(resumed, layer().name());
        resumed = null;
      }
    }
    DirectedAdamW adam = directed;
    double rate = OptimizerSlots.rate(optimizer, layer().parameter().getId(), ++updates);
    Torch.withoutGradients(() -> adam.step(this, stored, gradient, rate));
  }

  /** Takes over the parameter's values as the stored weight, before the first step. */
  void take() {
    Torch.copy(parameter(), stored);
    storedShown = true;
  }

  /** Puts the effective weight in place. */
  void stepDone(long now) {
    step = now;
    if (view.showsInPlace()) {
      showStored();
    }
    storedShown = false;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      view.show(this, parameter());
    }
  }

  /** Leaves the plain weight in the parameter for good. */
  void merge(long now) {
    step = now;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      view.emergent(this).ifPresent(kept -> become(kept.toFloatArray()));
      write(view.merge(this));
    }
  }

  private void become(float[] kept) {
    BitSet bits = new BitSet(kept.length);
    for (int i = 0; i < kept.length; i++) {
      bits.set(i, kept[i] != 0);
    }
    replace(Mask.of(layer().geometry(), Pattern.unstructured(), bits));
  }

  /** Entries of the log are sums over many steps: each time a weight comes or goes counts. */
  @Override
  Optional<MaskUpdate> logged(Mask earlier, long now) {
    MaskUpdate change = since(earlier, now);
    dropped += change.dropped();
    grown += change.grown();
    if (now - logged < LOG_EVERY) {
      return Optional.empty();
    }
    logged = now;
    MaskUpdate sum =
        new MaskUpdate(
            now, change.layer(), change.size(), change.kept(), dropped, grown, change.everActive());
    dropped = 0;
    grown = 0;
    return Optional.of(sum);
  }

  /** Every gradient of such a layer is dense. */
  @Override
  void count(boolean dense) {
    super.count(true);
  }

  /** Scores that are trained beside the weight, if there are any. */
  Evidence learned() {
    if (own.size() != stored.size()) {
      return Evidence.none();
    }
    Shape matrix = new Shape(layer().geometry().out(), layer().geometry().in());
    return Evidence.of(Map.of(Statistic.LEARNED, own.reshape(matrix)), 0);
  }

  private NDArray parameter() {
    return layer().parameter().getArray();
  }
}

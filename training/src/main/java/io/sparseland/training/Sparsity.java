// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.optimizer.Optimizer;
import io.sparseland.core.Allocation;
import io.sparseland.core.Check;
import io.sparseland.core.Initialisation;
import io.sparseland.core.LayerType;
import io.sparseland.core.Masks;
import io.sparseland.core.Pattern;
import io.sparseland.core.Selector;
import io.sparseland.core.SparsityMethod;
import io.sparseland.schedulers.dynamic.Static;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Keeps chosen layers of a DJL model sparse while plain DJL code trains it.
 *
 * <pre>{@code
 * var sparsity =
 *     Sparsity.of(new RigL(Cosine.decay(0.3, 25_000), Trigger.every(100).until(25_000)))
 *         .at(0.9, Allocation.erk());
 * config.optOptimizer(sparsity.wrap(optimizer)).addTrainingListeners(sparsity.listener());
 * }</pre>
 *
 * <p>Pruned weights are exactly 0 at every step, whatever momentum or weight decay do: their
 * gradients are masked before the optimizer sees them, and their optimizer state is cleared when
 * they are pruned. Gradients in the model itself stay dense, which is what growth by gradient
 * needs.
 *
 * <p>Initialise the block before {@code newTrainer} if you can: the masks are then in place before
 * the first forward pass. Else they are drawn after the first batch, whose step (taken with dense
 * weights) is left out.
 *
 * <p>Each object goes with one trainer on one device. The {@code at}, {@code on}, {@code pattern},
 * {@code seed}, {@code initialised} and {@code startingFrom} methods return a changed copy.
 */
public final class Sparsity {

  private static final long DEFAULT_SEED = 0;

  private final List<Part> parts;
  private final SparseSession session;

  private Sparsity(List<Part> parts) {
    this.parts = List.copyOf(parts);
    this.session = new SparseSession(this.parts);
  }

  /** A method on the layers that are pruned by default; {@link #at} says how sparse. */
  public static Sparsity of(SparsityMethod method) {
    Part.Goal open =
        new Part.Goal(Double.NaN, Allocation.erk(), Pattern.unstructured(), Initialisation.KEEP);
    return new Sparsity(List.of(new Part(method, Selector.defaults(), open, DEFAULT_SEED, null)));
  }

  /** Given masks, held fixed: training after pruning. Layers without a mask train densely. */
  public static Sparsity holding(Masks masks) {
    Check.that(!masks.byLayer().isEmpty(), "no masks to hold");
    Selector named =
        new Selector(
            EnumSet.allOf(LayerType.class), List.copyOf(masks.byLayer().keySet()), List.of());
    return of(new Static()).at(0, Allocation.uniform()).on(named).startingFrom(masks);
  }

  /** Several at once, on layers that do not overlap. */
  public static Sparsity all(List<Sparsity> several) {
    Check.that(!several.isEmpty(), "no sparsity given");
    List<Part> parts = new ArrayList<>();
    several.forEach(each -> parts.addAll(each.parts));
    return new Sparsity(parts);
  }

  /** This and another one, on layers that do not overlap. */
  public Sparsity and(Sparsity other) {
    return all(List.of(this, other));
  }

  /**
   * How sparse in the end, and how that is spread over the layers.
   *
   * @param sparsity share of the selected layers' weights, 0 to 1
   */
  public Sparsity at(double sparsity, Allocation allocation) {
    Check.fraction("sparsity", sparsity);
    Part.Goal goal = only().goal();
    return aiming(new Part.Goal(sparsity, allocation, goal.pattern(), goal.initial()));
  }

  /** How pruned weights are arranged; unstructured unless said. */
  public Sparsity pattern(Pattern pattern) {
    Part.Goal goal = only().goal();
    return aiming(new Part.Goal(goal.sparsity(), goal.allocation(), pattern, goal.initial()));
  }

  /** Weights when the first masks are drawn; those of the model unless said. */
  public Sparsity initialised(Initialisation initial) {
    Part.Goal goal = only().goal();
    return aiming(new Part.Goal(goal.sparsity(), goal.allocation(), goal.pattern(), initial));
  }

  private Sparsity aiming(Part.Goal goal) {
    return new Sparsity(List.of(only().with(goal)));
  }

  /** Which layers. */
  public Sparsity on(Selector selector) {
    Part part = only();
    return new Sparsity(
        List.of(new Part(part.method(), selector, part.goal(), part.seed(), part.start())));
  }

  /** Seed of random masks and random growth. */
  public Sparsity seed(long seed) {
    Part part = only();
    return new Sparsity(
        List.of(new Part(part.method(), part.on(), part.goal(), seed, part.start())));
  }

  /** Masks to start from instead of drawing them; every selected layer needs one. */
  public Sparsity startingFrom(Masks masks) {
    Part part = only();
    return new Sparsity(
        List.of(new Part(part.method(), part.on(), part.goal(), part.seed(), masks)));
  }

  /**
   * The optimizer to train with; once.
   *
   * @throws IllegalArgumentException unless it is DJL's Sgd, Adam or AdamW
   */
  public Optimizer wrap(Optimizer optimizer) {
    for (Part part : parts) {
      Check.that(
          !Double.isNaN(part.goal().sparsity()), "%s has no sparsity: call at(...)", part.method());
    }
    return session.wrap(optimizer);
  }

  /** The listener to add to the training configuration. */
  public TrainingListener listener() {
    return new SparsityListener(session);
  }

  /**
   * The present masks; after training, the final ones.
   *
   * @throws IllegalStateException before training began
   */
  public Masks masks() {
    return session.masks();
  }

  /** What the steps so far worked on, by layer. */
  public List<LayerWork> work() {
    return session.work();
  }

  /** Every change of a mask so far, in order; the first masks are not changes. */
  public List<MaskUpdate> updates() {
    return session.updates();
  }

  void save(TrainState into) {
    session.save(into);
  }

  void resuming(TrainState from) {
    session.resuming(from);
  }

  /** The values behind what a parameter shows, if there are any. */
  Optional<NDArray> behind(String parameterId) {
    return session.behind(parameterId);
  }

  /** Told by a loop that may run several forward passes before a step. */
  void forwardBegins() {
    session.forwardBegins();
  }

  /** Told by a loop that runs forward and backward passes itself. */
  void forwardDone() {
    session.forwardDone();
  }

  private Part only() {
    if (parts.size() != 1) {
      throw new IllegalStateException("set sparsity, layers, pattern and seed before joining");
    }
    return parts.get(0);
  }
}

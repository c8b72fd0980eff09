// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.TrainingListener.BatchData;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.translate.Batchifier;
import ai.djl.util.Pair;
import io.sparseland.core.Check;
import io.sparseland.core.Masks;
import io.sparseland.core.Torch;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Trains a classifier from memory: DJL's trainer, optimizer and loss, without the cost of its data
 * pipeline. Same seed, data and thread count: same bits.
 *
 * <p>Unless said, the loss is softmax cross entropy over logits {@code [batch, classes]}. One run
 * at a time in a process, as DJL allows one gradient collector.
 */
public final class TrainLoop {

  private final Model model;
  private final Examples data;
  private final TrainPlan plan;
  private final Objective objective;
  private final TrainHooks hooks;
  private @Nullable Sparsity sparsity;
  private @Nullable StoppedRun resumed;
  private long step;
  private double lossSum;
  private long lossCount;

  private TrainLoop(
      Model model, Examples data, TrainPlan plan, Objective objective, TrainHooks hooks) {
    this.model = model;
    this.data = data;
    this.plan = plan;
    this.objective = objective;
    this.hooks = hooks;
  }

  /**
   * Trains a model's block, initialising it from the plan's seed if that has not happened yet.
   *
   * @throws TrainingFailure if the loss or a weight is no longer finite; the weights are then those
   *     of the last completed step
   * @throws IllegalArgumentException for layers selected twice, selectors without a match, masks
   *     that do not fit
   */
  public static TrainResult run(Model model, Examples data, TrainPlan plan, TrainHooks hooks) {
    return run(model, data, plan, Objective.of(Loss.softmaxCrossEntropyLoss()), hooks);
  }

  /** The same with another loss, for example that of a {@link Teacher}. */
  public static TrainResult run(
      Model model, Examples data, TrainPlan plan, Objective objective, TrainHooks hooks) {
    return new TrainLoop(model, data, plan, objective, hooks).run();
  }

  /**
   * Goes on with a run that was stopped and left its state: same weights, masks and loss at the end,
   * to the bit, as without the stop.
   *
   * @param state of {@link TrainHooks#stateFile}
   * @param plan the same as then
   * @throws IllegalArgumentException for another optimizer, length, batch, seed, amount of data, or
   *     other methods, layers or masks
   */
  public static TrainResult resume(
      Path state, Model model, Examples data, TrainPlan plan, Objective objective, TrainHooks hooks) {
    TrainLoop loop = new TrainLoop(model, data, plan, objective, hooks);
    loop.resumed = StoppedRun.read(state, loop.setting());
    return loop.run();
  }

  /**
   * Share of examples whose largest output is at the label's index, 0 to 1; ties take the lower
   * index.
   */
  public static double accuracy(Model model, Examples test, int batch) {
    Check.that(batch >= 1, "batch is %d, allowed: 1 or more", batch);
    return Torch.withoutGradients(
        () -> {
          int right = 0;
          try (NDManager manager = model.getNDManager().newSubManager();
              BatchArrays arrays = new BatchArrays(manager, test, batch)) {
            ParameterStore store = new ParameterStore(manager, false);
            for (int from = 0; from < test.size(); from += batch) {
              try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                Pair<NDArray, NDArray> filled =
                    arrays.fill(null, from, Math.min(batch, test.size() - from));
                NDList out = model.getBlock().forward(store, new NDList(filled.getKey()), false);
                right += right(out.head(), test, from);
              }
            }
          }
          return (double) right / test.size();
        });
  }

  private TrainResult run() {
    seed();
    if (!model.getBlock().isInitialized()) {
      model
          .getBlock()
          .initialize(model.getNDManager(), DataType.FLOAT32, data.batchShape(plan.batch()));
    }
    Optimizer optimizer = plan.optimizer().create(() -> plan.stepping().rate().at(step));
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
            .optDevices(new Device[] {Device.cpu()});
    sparsity = plan.sparsity().isEmpty() ? null : Sparsity.all(plan.sparsity());
    if (sparsity == null) {
      config.optOptimizer(optimizer);
    } else {
      config.optOptimizer(sparsity.wrap(optimizer)).addTrainingListeners(sparsity.listener());
    }
    StoppedRun before = resumed;
    if (before != null) {
      before.restore(setting(), optimizer, sparsity);
      step = before.position().step();
      lossSum = before.position().lossSum();
      lossCount = before.position().lossCount();
    }
    boolean stopped;
    try (Trainer trainer = model.newTrainer(config);
        BatchArrays arrays = new BatchArrays(trainer.getManager(), data, piece())) {
      stopped = epochs(trainer, arrays);
      if (stopped) {
        save(optimizer);
      }
    } catch (TrainingFailure e) { // the trainer is closed by now, so the masks are final
      throw sparsity == null ? e : e.with(sparsity.masks());
    }
    return result(stopped);
  }

  private void save(Optimizer optimizer) {
    StoppedRun.Position here = new StoppedRun.Position(step, lossSum, lossCount);
    hooks
        .stateFile()
        .ifPresent(file -> StoppedRun.save(file, setting(), here, optimizer, sparsity));
  }

  private StoppedRun.Setting setting() {
    return new StoppedRun.Setting(model, plan, data.size());
  }

  private TrainResult result(boolean stopped) {
    double loss = lossCount == 0 ? Double.NaN : lossSum / lossCount;
    return sparsity == null
        ? new TrainResult(step, stopped, loss, new Masks(Map.of()), List.of(), List.of())
        : new TrainResult(
            step, stopped, loss, sparsity.masks(), sparsity.updates(), sparsity.work());
  }

  /** At every step anew, so that what is drawn in one depends on no other. */
  private void seed() {
    Engine.getEngine(Torch.ENGINE).setRandomSeed(Long.hashCode(plan.seed()) + (int) step);
  }

  private boolean epochs(Trainer trainer, BatchArrays arrays) {
    long perEpoch = TrainPlan.stepsPerEpoch(data.size(), plan.batch());
    for (int epoch = (int) (step / perEpoch); epoch < plan.epochs(); epoch++) {
      int[] order = data.order(plan.seed(), epoch);
      if (step % perEpoch == 0) {
        lossSum = 0;
        lossCount = 0;
      }
      for (int from = (int) (step % perEpoch) * plan.batch();
          from < data.size();
          from += plan.batch()) {
        if (hooks.stop()) {
          return true;
        }
        seed();
        double loss = step(trainer, arrays, order, from);
        lossSum += loss;
        lossCount++;
        step++;
        hooks.progress(new TrainProgress(step, plan.steps(data.size()), epoch, loss));
      }
      trainer.notifyListeners(listener -> listener.onEpoch(trainer));
      checkWeights();
    }
    return false;
  }

  /** Examples that go through the network at once. */
  private int piece() {
    int pieces = plan.stepping().accumulate();
    return (plan.batch() + pieces - 1) / pieces;
  }

  private double step(Trainer trainer, BatchArrays arrays, int[] order, int from) {
    int to = Math.min(data.size(), from + plan.batch());
    double loss = 0;
    for (int at = from; at < to; at += piece()) {
      int count = Math.min(piece(), to - at);
      double share = count / (double) (to - from);
      loss += share * piece(trainer, arrays.fill(order, at, count), share, at + count == to);
    }
    plan.stepping().clip().ifPresent(clip -> clip.apply(model.getBlock().getParameters()));
    trainer.step();
    return loss;
  }

  /** Both passes of a piece; its gradient, times its share of the batch, adds to the others'. */
  private double piece(Trainer trainer, Pair<NDArray, NDArray> filled, double share, boolean last) {
    NDList inputs = new NDList(filled.getKey());
    NDList labels = new NDList(filled.getValue());
    try (NDScope scope = new NDScope()) { // holds everything of this piece but the step itself
      scope.suppressNotUsedWarning();
      NDList predictions;
      double loss;
      if (sparsity != null) {
        sparsity.forwardBegins();
      }
      try (GradientCollector collector = trainer.newGradientCollector()) {
        Objective.Value found = objective.evaluate(trainer, inputs, labels);
        predictions = found.predictions();
        NDArray value = found.loss();
        loss = value.getFloat();
        if (!Double.isFinite(loss)) {
          throw new TrainingFailure(step, "the loss is " + loss);
        }
        if (sparsity != null) {
          sparsity.forwardDone();
        }
        collector.backward(share == 1 ? value : value.mul(share));
      }
      if (last) { // listeners hear of whole batches: gradients are then complete
        BatchData batch = batchData(inputs, labels, predictions);
        trainer.notifyListeners(listener -> listener.onTrainingBatch(trainer, batch));
      }
      return loss;
    }
  }

  private BatchData batchData(NDList inputs, NDList labels, NDList predictions) {
    Batch batch =
        new Batch(
            inputs.head().getManager(),
            inputs,
            labels,
            Math.toIntExact(inputs.head().getShape().get(0)),
            Batchifier.STACK,
            Batchifier.STACK,
            step,
            plan.steps(data.size()));
    Device device = inputs.head().getDevice();
    return new BatchData(batch, Map.of(device, labels), Map.of(device, predictions));
  }

  private void checkWeights() {
    Torch.withoutGradients(
        () -> {
          try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
              float sum = each.getValue().getArray().sum().getFloat();
              if (!Float.isFinite(sum)) {
                throw new TrainingFailure(
                    step, "parameter '%s' holds %s".formatted(each.getKey(), sum));
              }
            }
          }
        });
  }

  private static int right(NDArray outputs, Examples test, int from) {
    int batch = Math.toIntExact(outputs.getShape().get(0));
    float[] values = outputs.toFloatArray(); // [batch, classes]
    int classes = values.length / batch;
    int right = 0;
    for (int row = 0; row < batch; row++) {
      int best = 0;
      for (int c = 1; c < classes; c++) {
        if (values[row * classes + c] > values[row * classes + best]) {
          best = c;
        }
      }
      right += best == (int) test.label(from + row) ? 1 : 0;
    }
    return right;
  }
}

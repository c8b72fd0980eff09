// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import io.sparseland.core.AfterTraining;
import io.sparseland.core.Calibration;
import io.sparseland.core.Layer;
import io.sparseland.core.Sensitivity;
import io.sparseland.core.Statistic;
import io.sparseland.recipes.PruneTarget;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.data.DataFacts;
import io.sparseland.recipes.plan.Plan.LayerCost;
import java.util.List;

/**
 * Rules of thumb for time and memory: {@value #FLOPS_PER_THREAD} FLOP/s a thread, a backward pass
 * twice a forward pass, half a millisecond of overhead a step. They tell a minute from an hour.
 */
final class Costs {

  private static final double FLOPS_PER_THREAD = 4e10;
  private static final double STEP_OVERHEAD_SECONDS = 5e-4;
  private static final double SECONDS_PER_BENCH_ROW = 3;
  private static final long BASE_BYTES = 560L << 20; // torch, JVM, kernels, garbage; fitted to runs
  private static final long SOLVING = 300L << 20; // of the heap, once layers are measured; fitted
  private static final double SCATTERED = 1.4; // what malloc takes for kept activations; fitted
  private static final int COPIES = 4; // of file, model, masked and exported weights
  private static final int TRAINING_COPIES = 6;

  private final Recipe recipe;
  private final DataFacts data;
  private final Traced model;
  private boolean measuring; // whether a prune step looks at the inputs of layers

  Costs(Recipe recipe, DataFacts data, Traced model) {
    this.recipe = recipe;
    this.data = data;
    this.model = model;
  }

  double trainSeconds(Step.Train train, long steps) {
    double flops = 3.0 * model.flops() * data.train() * train.epochs();
    return flops / (FLOPS_PER_THREAD * recipe.threads())
        + steps * STEP_OVERHEAD_SECONDS
        + evaluateSeconds();
  }

  double evaluateSeconds() {
    return forwardSeconds(data.test());
  }

  double forwardSeconds(long examples) {
    return model.flops() * (double) examples / (FLOPS_PER_THREAD * recipe.threads());
  }

  /** A forward pass for every layer and level of {@code allocation: sensitivity}. */
  double scanSeconds(Step.Prune prune) {
    PruneTarget target = prune.criterion().common();
    if (target.allocation().isPresent()
        && target.allocation().get() instanceof Sensitivity scanned) {
      int layers = Targets.selector(target.on()).select(model.layers()).size();
      return forwardSeconds(
          (long) scanned.samples() * layers * scanned.levels(target.share()).length);
    }
    return 0;
  }

  double benchSeconds(Step.Bench bench) {
    double rows = (double) bench.batches().size() * bench.threads().size();
    return rows * SECONDS_PER_BENCH_ROW + 2 * bench.trainSteps() * STEP_OVERHEAD_SECONDS;
  }

  /** What each layer of a prune step takes. */
  List<LayerCost> layers(Step.Prune prune, List<Layer> selected, AfterTraining method) {
    Step.Calibrate calibrate = prune.calibrate();
    Calibration how = calibrate.calibration(!prune.reconstruct().isEmpty());
    measuring |= method.needs().stream().anyMatch(Statistic::ofInputs);
    int batch = calibrate.batch().orElse(recipe.data().batch());
    return new PruneCost(model.graph(), selected, method, calibrate.samples(), recipe.threads())
        .layers(how.order(), how.target() == Calibration.Target.DENSE ? 2 : 1, batch);
  }

  /**
   * Torch and the JVM, the weights as often as they are held at once (training: with gradients,
   * slots and dense copies), examples, and the largest of what a batch of training, a test batch,
   * or the pruning of a layer makes.
   *
   * @param pruning what the pruning of the largest layer takes
   */
  long memoryBytes(long pruning) {
    long example = data.example().stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
    List<Step.Train> trains = recipe.steps(Step.Train.class);
    long training = 0;
    for (Step.Train train : trains) {
      int batch = train.batch().orElse(recipe.data().batch());
      training = Math.max(training, 3L * batch * (model.activations() + example));
    }
    long testing = recipe.data().testBatch() * model.activations();
    int copies = trains.isEmpty() ? COPIES : TRAINING_COPIES;
    return BASE_BYTES
        + (long) Float.BYTES * copies * model.parameters()
        + Float.BYTES * example * (data.train() + data.test())
        + data.reading()
        + Math.max(
            (long) (SCATTERED * pruning) + (measuring ? SOLVING : 0),
            Float.BYTES * Math.max(training, testing));
  }
}

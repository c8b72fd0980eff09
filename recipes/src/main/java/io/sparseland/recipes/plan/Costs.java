// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.data.DataFacts;

/**
 * Rules of thumb for time and memory: {@value #FLOPS_PER_THREAD} FLOP/s a thread, a backward pass
 * twice a forward pass, half a millisecond of overhead a step. They tell a minute from an hour.
 */
final class Costs {

  private static final double FLOPS_PER_THREAD = 4e10;
  private static final double STEP_OVERHEAD_SECONDS = 5e-4;
  private static final double SECONDS_PER_BENCH_ROW = 3;
  private static final long TORCH_BYTES = 500L << 20;

  private final Recipe recipe;
  private final DataFacts data;
  private final Traced model;

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

  double benchSeconds(Step.Bench bench) {
    double rows = (double) bench.batches().size() * bench.threads().size();
    return rows * SECONDS_PER_BENCH_ROW + 2 * bench.trainSteps() * STEP_OVERHEAD_SECONDS;
  }

  /** Torch, weights with gradients, slots and dense copies, examples, activations of a batch. */
  long memoryBytes() {
    long example = data.example().stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
    int batch =
        recipe.steps(Step.Train.class).stream()
            .mapToInt(t -> t.batch().orElse(recipe.data().batch()))
            .max()
            .orElse(recipe.data().batch());
    return TORCH_BYTES
        + 6 * Float.BYTES * model.parameters()
        + Float.BYTES * example * (data.train() + data.test())
        + 3L * Float.BYTES * batch * (model.activations() + example);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a recipe will do.
 *
 * @param name of the recipe
 * @param recipeHash SHA-256 of the resolved recipe
 * @param seed of everything random
 * @param threads of the training
 * @param data what is trained and tested on
 * @param model the block
 * @param steps in order
 * @param memoryBytes about how much memory the run takes at most
 * @param seconds about how long it takes on this machine; a rule of thumb, not a measurement
 * @param costs of the layers that are pruned after training
 */
public record Plan(
    String name,
    String recipeHash,
    long seed,
    int threads,
    Data data,
    ModelFacts model,
    List<StepPlan> steps,
    long memoryBytes,
    double seconds,
    List<LayerCost> costs) {

  /**
   * What pruning a layer takes after training.
   *
   * @param bytes most memory beside the model while it is pruned
   * @param seconds to solve it, about
   */
  public record LayerCost(String name, long bytes, double seconds) {}

  /** The data, without having read it. */
  public record Data(List<Integer> example, long train, long test, int batch, String note) {}

  /**
   * The block.
   *
   * @param flops of one example in the dense layers, two per multiply-add
   */
  public record ModelFacts(long parameters, long bytes, long flops, List<LayerFacts> layers) {

    /** How often one example uses each weight of a layer, by name. */
    public Map<String, Double> uses() {
      return layers.stream()
          .collect(Collectors.toMap(LayerFacts::name, l -> l.flops() / (2.0 * l.weights())));
    }
  }

  /** One layer; {@code shape} is {@code [out, in]}. */
  public record LayerFacts(
      String name, String type, List<Integer> shape, int weights, long flops) {}

  /**
   * One step.
   *
   * @param optimizerSteps 0 for steps that do not train
   */
  public record StepPlan(
      String step, String what, long optimizerSteps, double seconds, List<TargetPlan> targets) {}

  /**
   * A method or criterion on its layers.
   *
   * @param sparsity asked for
   * @param kept weights kept in the end, exact; -1 when only the scores will tell per layer
   * @param flops of one example in the selected layers, when sparse
   * @param updates how often masks change
   */
  public record TargetPlan(
      String kind,
      double sparsity,
      String allocation,
      String pattern,
      long weights,
      long kept,
      long flops,
      List<LayerPlan> layers,
      List<ExcludedLayer> excluded,
      long updates,
      List<Point> schedule) {}

  /** One selected layer; {@code kept} is -1 when only the scores will tell. */
  public record LayerPlan(String name, int weights, long kept, double density) {}

  /** A layer that is left alone. */
  public record ExcludedLayer(String name, String reason) {}

  /** The sparsity at a step. */
  public record Point(long step, double sparsity) {}
}

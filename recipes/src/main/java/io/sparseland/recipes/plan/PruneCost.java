// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import io.sparseland.core.AfterTraining;
import io.sparseland.core.Calibration;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Statistic;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Stage;
import io.sparseland.core.graph.Stages;
import io.sparseland.kernels.graph.Size;
import io.sparseland.recipes.plan.Plan.LayerCost;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What pruning each layer takes, from the shapes of one example: what is kept of all calibration
 * examples while the model is walked through, what one batch makes on the way, the statistics, and
 * the arrays of the solution.
 */
final class PruneCost {

  private static final double FLOPS = 2e10; // fp64 a thread
  private static final int SOLUTION = 5; // fp64 copies of a layer's weights while it is pruned
  private static final int GRAMS = 6; // fp64 matrices in x in while a layer is solved

  private final Graph graph;
  private final Map<String, Layer> layers = new LinkedHashMap<>();
  private final AfterTraining method;
  private final int samples;
  private final int threads;

  PruneCost(Graph graph, List<Layer> selected, AfterTraining method, int samples, int threads) {
    this.graph = graph;
    selected.forEach(layer -> layers.put(layer.name(), layer));
    this.method = method;
    this.samples = samples;
    this.threads = threads;
  }

  /**
   * Peak memory beside the model's, and time, of every layer.
   *
   * @param order in which the model is seen
   * @param copies models that run side by side
   * @param batch examples at once
   */
  List<LayerCost> layers(Calibration.Order order, int copies, int batch) {
    Set<Statistic> needs = method.needs();
    boolean gram = needs.contains(Statistic.INPUT_GRAM);
    boolean inputs = needs.stream().anyMatch(Statistic::ofInputs);
    List<Layer> used =
        layers.values().stream()
            .filter(l -> l.type() == LayerType.LINEAR || l.type() == LayerType.CONVOLUTION)
            .toList();
    Map<String, LayerCost> costs = new HashMap<>();
    if (!inputs || order == Calibration.Order.DENSE) {
      long whole = inputs ? batch * bytes(all()) : 0;
      long sums = gram ? used.stream().mapToLong(l -> gram(l.geometry())).sum() : 0;
      used.forEach(
          l -> costs.put(l.name(), cost(l, Math.max(whole, solution(l, gram)) + sums, gram)));
    } else {
      for (Stage stage : Stages.of(graph, used.stream().map(Layer::name).toList())) {
        long kept = samples * bytes(stage.keep());
        long passing = batch * bytes(stage.operations());
        for (Stage.Use use : stage.uses()) {
          Layer layer = layers.get(use.layer());
          if (layer != null) {
            long beside = Math.max(passing, solution(layer, gram));
            costs.put(layer.name(), cost(layer, copies * kept + beside, gram));
          }
        }
      }
    }
    return used.stream().map(l -> costs.getOrDefault(l.name(), cost(l, 0, gram))).toList();
  }

  private LayerCost cost(Layer layer, long bytes, boolean gram) {
    Geometry g = layer.geometry();
    double in = g.in();
    double flops = gram ? in * in * in * g.groups() + 2 * in * g.size() : 20.0 * g.size();
    return new LayerCost(layer.name(), bytes, flops / (FLOPS * threads));
  }

  private static long gram(Geometry g) {
    return (long) Double.BYTES * g.groups() * g.in() * g.in();
  }

  private static long solution(Layer layer, boolean gram) {
    Geometry g = layer.geometry();
    return (long) SOLUTION * Double.BYTES * g.size() + (gram ? GRAMS * gram(g) : 0);
  }

  private List<Integer> all() {
    List<Integer> ids = new ArrayList<>();
    graph.operations().forEach(operation -> ids.add(operation.id()));
    return ids;
  }

  /** fp32 bytes of the results of operations on one example. */
  private long bytes(Collection<Integer> operations) {
    long elements = 0;
    for (int id : operations) {
      for (List<Size> shape : graph.operations().get(id).resultShapes()) {
        elements +=
            shape.stream().mapToLong(size -> size.at(Map.of())).reduce(1, Math::multiplyExact);
      }
    }
    return Float.BYTES * elements;
  }
}

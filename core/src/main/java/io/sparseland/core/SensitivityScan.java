// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparseland.core.graph.Graph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How much the model's output changes when one layer alone is pruned.
 *
 * @param alone prunes the layer; statistics are the dense model's
 * @param difference of the pruned model's output from the dense one's
 */
public record SensitivityScan(OneShot alone, Difference difference) {

  /** Checks the order. */
  public SensitivityScan {
    Check.that(
        alone.calibration().order() == Calibration.Order.DENSE,
        "a scan prunes each layer of the dense model: order dense");
  }

  /** What is compared. */
  public enum Difference {
    /** Mean over rows of the divergence of the classes' probabilities, outputs being logits. */
    DIVERGENCE,
    /** Squared distance as a share of the square. */
    DISTANCE;

    double of(NDArray dense, NDArray pruned) {
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        if (this == DISTANCE) {
          double square = sum(dense.square());
          return square == 0 ? 0 : sum(dense.sub(pruned).square()) / square;
        }
        NDArray should = dense.logSoftmax(-1);
        double nats = sum(should.exp().mul(should.sub(pruned.logSoftmax(-1))));
        long classes = dense.getShape().get(dense.getShape().dimension() - 1);
        return Math.max(0, nats * classes / dense.size());
      }
    }

    private static double sum(NDArray array) {
      return array.toType(DataType.FLOAT64, false).sum().toDoubleArray()[0];
    }
  }

  /**
   * Prunes every layer alone to every level; the weights are put back each time.
   *
   * @param graph of the block
   * @param layers dense ones
   * @param batches that outputs are compared on
   * @param levels ascending sparsities
   */
  public LossCurves curves(
      Graph graph,
      Block block,
      List<Layer> layers,
      List<Calibrator.Batch> batches,
      double[] levels) {
    Map<String, Evidence> evidence =
        Calibrator.collect(block, batches, alone.needsBefore(), layers);
    LayerWriter writer = new LayerWriter(graph);
    Map<String, List<Double>> losses = new LinkedHashMap<>();
    List<NDArray> dense = new ArrayList<>();
    try {
      for (Calibrator.Batch batch : batches) {
        dense.add(output(block, batch.data()));
      }
      for (Layer layer : layers) {
        try (NDArray weight = layer.weight().duplicate()) {
          NDScope.unregister(weight);
          List<Double> curve = new ArrayList<>();
          for (double level : levels) {
            alone.run(graph, List.of(layer), batches, evidence, level, l -> null);
            curve.add(loss(block, batches, dense));
            writer.write(layer, weight.toType(DataType.FLOAT64, true));
          }
          losses.put(layer.name(), curve);
        }
      }
    } finally {
      dense.forEach(NDArray::close);
    }
    return new LossCurves(java.util.Arrays.stream(levels).boxed().toList(), losses);
  }

  private double loss(Block block, List<Calibrator.Batch> batches, List<NDArray> dense) {
    double sum = 0;
    double rows = 0;
    for (int b = 0; b < dense.size(); b++) {
      try (NDArray now = output(block, batches.get(b).data())) {
        double weight = dense.get(b).size();
        sum += weight * difference.of(dense.get(b), now);
        rows += weight;
      }
    }
    return sum / rows;
  }

  /** The output, the caller's to close. */
  private static NDArray output(Block block, NDList inputs) {
    return Torch.withoutGradients(
        () -> {
          try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            ParameterStore store = new ParameterStore(inputs.head().getManager(), false);
            NDArray output = block.forward(store, inputs, false).head();
            NDScope.unregister(output);
            return output;
          }
        });
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.sparseland.core.graph.Capture;
import io.sparseland.core.graph.LayerUse;
import io.sparseland.core.graph.Patches;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Measures statistics of layers on calibration data, batch by batch, in fp64.
 *
 * <p>Nothing is kept of a batch but sums, so any split of the data into batches gives the same
 * input statistics. The block runs as in inference; its parameters do not change. Every token and
 * every output position counts alike, padding of sequences included.
 */
public final class Calibrator {

  private final Block block;
  private final Map<String, Layer> layers = new LinkedHashMap<>(); // by any of its names
  private final Map<Layer, Accumulator> accumulators = new LinkedHashMap<>();

  private Calibrator(Block block, List<Layer> layers) {
    Check.that(!layers.isEmpty(), "no layers to calibrate");
    this.block = block;
    for (Layer layer : layers) {
      layer.aliases().forEach(alias -> this.layers.put(alias, layer));
      this.layers.put(layer.name(), layer);
      accumulators.put(layer, new Accumulator(layer));
    }
  }

  /**
   * Batches with labels.
   *
   * @param data inputs of the block
   * @param labels as the loss wants them
   */
  public record Labelled(NDList data, NDList labels) {}

  /**
   * Statistics that need no labels.
   *
   * @param batches inputs of the block; they stay the caller's
   * @param needs what to measure; {@link Statistic#UNIFORM} needs no data and is left out
   * @param layers of the block
   * @return by layer name, in the layers' order; arrays are made when asked for, inside the
   *     caller's NDScope
   * @throws IllegalArgumentException if there is no batch, a layer is never used, or a statistic is
   *     not finite, naming layer and index
   */
  public static Map<String, Evidence> collect(
      Block block, Iterable<NDList> batches, Set<Statistic> needs, List<Layer> layers) {
    Check.that(!needs.contains(Statistic.GRADIENT), "statistic GRADIENT needs labels and a loss");
    Calibrator calibrator = new Calibrator(block, layers);
    if (needs.contains(Statistic.INPUT_MEAN_SQUARE)) {
      int count = 0;
      for (NDList batch : batches) {
        calibrator.addInputs(batch);
        count++;
      }
      Check.that(count > 0, "there is no calibration batch");
    }
    return calibrator.evidence(needs);
  }

  /**
   * Statistics with labels: the gradient is the mean over batches of the gradient of the batch's
   * loss.
   *
   * @param loss of predictions against labels
   */
  public static Map<String, Evidence> collect(
      Block block,
      Iterable<Labelled> batches,
      Loss loss,
      Set<Statistic> needs,
      List<Layer> layers) {
    Calibrator calibrator = new Calibrator(block, layers);
    int count = 0;
    for (Labelled batch : batches) {
      if (needs.contains(Statistic.INPUT_MEAN_SQUARE)) {
        calibrator.addInputs(batch.data());
      }
      if (needs.contains(Statistic.GRADIENT)) {
        calibrator.addGradients(batch, loss);
      }
      count++;
    }
    Check.that(count > 0, "there is no calibration batch");
    return calibrator.evidence(needs);
  }

  private void addInputs(NDList batch) {
    NDManager manager = batch.head().getManager();
    Torch.withoutGradients(
        () -> {
          try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            Capture.forward(
                block,
                new ParameterStore(manager, false),
                batch,
                (name, weight, input, use) -> {
                  Layer layer = layers.get(name);
                  if (layer != null) {
                    accumulator(layer).addInput(input, use);
                  }
                });
          }
        });
  }

  private void addGradients(Labelled batch, Loss loss) {
    NDManager manager = batch.data().head().getManager();
    List<NDArray> all = new ArrayList<>();
    for (Parameter parameter : block.getParameters().values()) {
      all.add(parameter.getArray());
    }
    zeroGradients(all);
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      try (GradientCollector collector = Engine.getEngine(Torch.ENGINE).newGradientCollector()) {
        ParameterStore store = new ParameterStore(manager, false);
        NDList predictions = block.forward(store, batch.data(), false);
        collector.backward(loss.evaluate(batch.labels(), predictions));
      }
      accumulators.forEach(
          (layer, sums) -> {
            NDArray weight = layer.parameter().getArray();
            Check.that(
                weight.hasGradient(), "layer %s is frozen, so it has no gradient", layer.name());
            sums.addGradient(weight.getGradient());
          });
    } finally {
      zeroGradients(all);
    }
  }

  private static void zeroGradients(List<NDArray> arrays) {
    for (NDArray array : arrays) {
      if (array.hasGradient()) {
        Torch.zeroGradient(array);
      }
    }
  }

  private Accumulator accumulator(Layer layer) {
    Accumulator found = accumulators.get(layer);
    if (found == null) {
      throw new IllegalStateException("no accumulator for " + layer);
    }
    return found;
  }

  private Map<String, Evidence> evidence(Set<Statistic> needs) {
    Map<String, Evidence> evidence = new LinkedHashMap<>();
    accumulators.forEach((layer, sums) -> evidence.put(layer.name(), sums.evidence(needs)));
    return evidence;
  }

  /** Sums of one layer. */
  private static final class Accumulator {

    private final Layer layer;
    private double[] squares = new double[0]; // [groups * in]
    private double[] gradient = new double[0]; // [out * in]
    private long rows;
    private long batches;

    Accumulator(Layer layer) {
      this.layer = layer;
    }

    void addInput(NDArray input, LayerUse use) {
      Geometry geometry = layer.geometry();
      NDArray sum;
      if (use.type() == LayerType.CONVOLUTION) {
        sum = Patches.sumOfSquares(input, geometry, use); // [groups, in]
        rows += Patches.positions(input, geometry, use);
      } else {
        NDArray tokens = input.reshape(-1, geometry.in()).toType(DataType.FLOAT64, false);
        sum = tokens.square().sum(new int[] {0}); // [in]
        rows += tokens.getShape().get(0);
      }
      squares = add(squares, sum.toDoubleArray());
    }

    void addGradient(NDArray batch) {
      gradient = add(gradient, batch.toType(DataType.FLOAT64, false).toDoubleArray());
      batches++;
    }

    Evidence evidence(Set<Statistic> needs) {
      Map<Statistic, Measured.Values> values = new LinkedHashMap<>();
      Geometry g = layer.geometry();
      for (Statistic statistic : needs) {
        switch (statistic) {
          case INPUT_MEAN_SQUARE -> {
            Check.that(rows > 0, "layer %s was not used by the calibration data", layer.name());
            values.put(statistic, means(statistic, squares, rows, g.groups()));
          }
          case GRADIENT -> values.put(statistic, means(statistic, gradient, batches, g.out()));
          case UNIFORM -> {} // drawn, not measured
        }
      }
      return new Measured(layer, values);
    }

    private Measured.Values means(Statistic statistic, double[] sums, long count, int rowCount) {
      float[] means = new float[sums.length];
      for (int i = 0; i < sums.length; i++) {
        means[i] = (float) (sums[i] / count);
        if (!Float.isFinite(means[i])) {
          throw new IllegalArgumentException(
              "%s of layer %s at index %d is %s, allowed: finite numbers"
                  .formatted(statistic, layer.name(), i, means[i]));
        }
      }
      return new Measured.Values(means, rowCount, count);
    }

    private static double[] add(double[] sums, double[] more) {
      double[] result = sums.length == 0 ? new double[more.length] : sums;
      for (int i = 0; i < more.length; i++) {
        result[i] += more[i];
      }
      return result;
    }
  }
}

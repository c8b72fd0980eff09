// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.sparseland.core.graph.Capture;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Measures statistics of layers on calibration data, batch by batch, in fp64.
 *
 * <p>Nothing is kept of a batch but sums, so any split of the data into batches gives the same
 * input statistics. The block runs as in inference; its parameters do not change. Every token and
 * every output position counts alike, unless a batch says which are padding.
 */
public final class Calibrator implements AutoCloseable {

  private final Block block;
  private final Map<String, Layer> layers = new LinkedHashMap<>(); // by any of its names
  private final Map<Layer, LayerSums> sums = new LinkedHashMap<>();

  private Calibrator(Block block, List<Layer> layers, Set<Statistic> needs) {
    Check.that(!layers.isEmpty(), "no layers to calibrate");
    this.block = block;
    for (Layer layer : layers) {
      layer.aliases().forEach(alias -> this.layers.put(alias, layer));
      this.layers.put(layer.name(), layer);
      sums.put(layer, new LayerSums(layer, needs));
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
   * One batch.
   *
   * @param data inputs of the block; they stay the caller's
   * @param counted 1 for each token that counts and 0 for padding, {@code [batch, tokens]}; empty:
   *     all count. A layer whose inputs are not one a token counts all
   */
  public record Batch(NDList data, Optional<NDArray> counted) {
    /** Everything counts. */
    public static Batch of(NDList data) {
      return new Batch(data, Optional.empty());
    }
  }

  /**
   * Statistics that need no labels, all from the model as it is.
   *
   * @param batches the data
   * @param needs what to measure; {@link Statistic#UNIFORM} needs no data and is left out
   * @param layers of the block
   * @return by layer name, in the layers' order; arrays are made when asked for, inside the
   *     caller's NDScope
   * @throws IllegalArgumentException if there is no batch, a layer is never used, or a statistic is
   *     not finite, naming layer and index
   */
  public static Map<String, Evidence> collect(
      Block block, Iterable<Batch> batches, Set<Statistic> needs, List<Layer> layers) {
    Check.that(!needs.contains(Statistic.GRADIENT), "statistic GRADIENT needs labels and a loss");
    try (Calibrator calibrator = new Calibrator(block, layers, needs)) {
      if (needs.stream().anyMatch(Statistic::ofInputs)) {
        int count = 0;
        for (Batch batch : batches) {
          calibrator.addInputs(batch);
          count++;
        }
        Check.that(count > 0, "there is no calibration batch");
      }
      return calibrator.evidence();
    }
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
    try (Calibrator calibrator = new Calibrator(block, layers, needs)) {
      int count = 0;
      for (Labelled batch : batches) {
        if (needs.stream().anyMatch(Statistic::ofInputs)) {
          calibrator.addInputs(Batch.of(batch.data()));
        }
        if (needs.contains(Statistic.GRADIENT)) {
          calibrator.addGradients(batch, loss);
        }
        count++;
      }
      Check.that(count > 0, "there is no calibration batch");
      return calibrator.evidence();
    }
  }

  private void addInputs(Batch batch) {
    NDArray counted = batch.counted().orElse(null);
    NDManager manager = batch.data().head().getManager();
    Torch.withoutGradients(
        () -> {
          try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            Capture.forward(
                block,
                new ParameterStore(manager, false),
                batch.data(),
                (name, weight, input, use) -> {
                  Layer layer = layers.get(name);
                  if (layer != null) {
                    sumsOf(layer).addInput(input, use, counted, null);
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
      sums.forEach(
          (layer, ofLayer) -> {
            NDArray weight = layer.parameter().getArray();
            Check.that(
                weight.hasGradient(), "layer %s is frozen, so it has no gradient", layer.name());
            ofLayer.addGradient(weight.getGradient());
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

  private LayerSums sumsOf(Layer layer) {
    LayerSums found = sums.get(layer);
    if (found == null) {
      throw new IllegalStateException("no sums for " + layer);
    }
    return found;
  }

  private Map<String, Evidence> evidence() {
    Map<String, Evidence> evidence = new LinkedHashMap<>();
    sums.forEach((layer, ofLayer) -> evidence.put(layer.name(), ofLayer.evidence()));
    return evidence;
  }

  @Override
  public void close() {
    sums.values().forEach(LayerSums::close);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.sparseland.core.graph.Capture;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

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
    for (Statistic statistic : needs) {
      Check.that(!statistic.ofGradients(), "statistic %s needs labels and a loss", statistic);
    }
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
   * How gradients are taken.
   *
   * @param loss of predictions against labels
   * @param fisherBlock size of the blocks of {@link Statistic#FISHER}
   * @param temperature that predictions are divided by for {@link Statistic#HESSIAN_GRADIENT}
   * @param present the mask a layer has, or null for a dense one
   */
  public record Gradients(
      Loss loss, int fisherBlock, double temperature, Function<Layer, @Nullable Mask> present) {

    private static final double GRASP = 200; // its authors' temperature

    /** Of a dense model, without Fisher blocks. */
    public static Gradients of(Loss loss) {
      return new Gradients(loss, 1, GRASP, layer -> null);
    }

    /** For a criterion that prunes a masked model further. */
    public static Gradients of(
        Loss loss, Criterion criterion, Function<Layer, @Nullable Mask> present) {
      return new Gradients(loss, criterion.fisherBlock(), GRASP, present);
    }
  }

  /** Statistics with labels: gradients are of each batch's loss, and their mean over batches. */
  public static Map<String, Evidence> collect(
      Block block,
      List<Labelled> batches,
      Gradients gradients,
      Set<Statistic> needs,
      List<Layer> layers) {
    Check.that(!batches.isEmpty(), "there is no calibration batch");
    List<Batch> inputs = batches.stream().map(b -> Batch.of(b.data())).toList();
    Set<Statistic> rest = EnumSet.noneOf(Statistic.class);
    needs.stream().filter(s -> !s.ofGradients()).forEach(rest::add);
    Map<String, Evidence> evidence = new LinkedHashMap<>(collect(block, inputs, rest, layers));
    if (needs.stream().anyMatch(Statistic::ofGradients)) {
      GradientSums sums = new GradientSums(block, layers, needs, gradients);
      sums.measure(batches);
      for (Layer layer : layers) {
        evidence.computeIfPresent(
            layer.name(), (name, known) -> known.orElse(sums.evidence(layer)));
      }
    }
    return evidence;
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

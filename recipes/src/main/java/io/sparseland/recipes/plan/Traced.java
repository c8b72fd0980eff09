// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import io.sparseland.core.Layer;
import io.sparseland.core.Layers;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.NamedParameter;
import io.sparseland.core.graph.Operation;
import io.sparseland.core.graph.TraceInput;
import io.sparseland.core.graph.Tracer;
import io.sparseland.kernels.graph.Size;
import io.sparseland.models.files.OpenModel;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.recipes.data.DataFacts;
import io.sparseland.recipes.language.RecipeException;
import io.sparseland.recipes.plan.Plan.LayerFacts;
import io.sparseland.recipes.plan.Plan.ModelFacts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** A recipe's block, initialised with throw-away weights and traced once, with one example. */
final class Traced implements AutoCloseable {

  private final NDManager manager;
  private final Graph graph;
  private final List<Layer> layers;
  private final Map<String, Long> flops = new HashMap<>();
  private final long activations;

  private Traced(NDManager manager, Graph graph) {
    this.manager = manager;
    this.graph = graph;
    this.layers = Layers.of(graph);
    Map<String, Layer> named = new HashMap<>();
    layers.forEach(layer -> named.put(layer.name(), layer));
    long elements = 0;
    for (Operation operation : graph.operations()) {
      long size = operation.resultShapes().stream().mapToLong(Traced::elements).sum();
      elements += size;
      Layer layer = named.get(operation.layer());
      if (layer != null && operation.name().matches("linear|convolution|matMul")) {
        long uses = Math.max(1, size / layer.geometry().out());
        flops.merge(layer.name(), 2L * layer.geometry().size() * uses, Long::sum);
      }
    }
    this.activations = elements;
  }

  /**
   * Builds the model for the data's examples.
   *
   * @throws RecipeException at the recipe's {@code model} if it does not fit the data
   * @throws IOException if the model's file cannot be read
   */
  static Traced of(LoadedRecipe loaded, DataFacts data, OpenModel model) throws IOException {
    NDManager manager = NDManager.newBaseManager(Torch.ENGINE);
    boolean done = false;
    try {
      Block block = block(loaded, model);
      Shape input =
          new Shape(
              LongStream.concat(
                      LongStream.of(1), data.example().stream().mapToLong(Integer::longValue))
                  .toArray());
      // Only shapes matter, and random numbers for a large model take seconds.
      block.setInitializer(Initializer.ONES, Parameter.Type.WEIGHT);
      block.initialize(manager, DataType.FLOAT32, input);
      Traced traced = new Traced(manager, Tracer.outline(block, TraceInput.of(input)));
      done = true;
      return traced;
    } catch (IllegalArgumentException | EngineException e) {
      throw new RecipeException(
          loaded.place("model"),
          "the model does not take examples of shape %s: %s"
              .formatted(data.example(), String.valueOf(e.getMessage()).split("\n", -1)[0]),
          "");
    } finally {
      if (!done) {
        manager.close();
      }
    }
  }

  private static Block block(LoadedRecipe loaded, OpenModel model) throws IOException {
    try {
      return model.outline();
    } catch (IllegalArgumentException e) {
      throw new RecipeException(loaded.place("model"), String.valueOf(e.getMessage()), "");
    }
  }

  /** The operations on one example. */
  Graph graph() {
    return graph;
  }

  List<Layer> layers() {
    return layers;
  }

  /** Of one example in a layer, two per multiply-add. */
  long flops(String layer) {
    return flops.getOrDefault(layer, 0L);
  }

  /** How often one example uses each weight of a layer, by name. */
  Map<String, Double> uses() {
    return facts().uses();
  }

  long flops() {
    return flops.values().stream().mapToLong(f -> f).sum();
  }

  /** Numbers that one example's forward pass makes. */
  long activations() {
    return activations;
  }

  long parameters() {
    return graph.parameters().stream()
        .map(NamedParameter::parameter)
        .mapToLong(p -> p.getShape().size())
        .sum();
  }

  ModelFacts facts() {
    List<LayerFacts> facts = new ArrayList<>();
    for (Layer layer : layers) {
      facts.add(
          new LayerFacts(
              layer.name(),
              layer.type().name().toLowerCase(java.util.Locale.ROOT),
              List.of(layer.geometry().out(), layer.geometry().in()),
              layer.geometry().size(),
              flops(layer.name())));
    }
    return new ModelFacts(parameters(), parameters() * Float.BYTES, flops(), facts);
  }

  private static long elements(List<Size> shape) {
    return shape.stream().mapToLong(size -> size.at(Map.of())).reduce(1, Math::multiplyExact);
  }

  @Override
  public void close() {
    manager.close();
  }
}

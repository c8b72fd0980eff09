// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.NamedParameter;
import io.sparseland.core.graph.Reference;
import io.sparseland.core.graph.Stage;
import io.sparseland.core.graph.StagedRun;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Takes all batches through a model stage by stage, so that a layer is measured on what the layers
 * pruned before it give; beside it, if wanted, the dense model.
 */
final class SequentialCalibration implements AutoCloseable {

  private final Map<String, Layer> layers = new LinkedHashMap<>();
  private final List<Calibrator.Batch> batches;
  private final Set<Statistic> needs;
  private final List<StagedRun> pruned = new ArrayList<>();
  private final List<StagedRun> dense = new ArrayList<>();
  private final Map<String, NDArray> denseWeights = new HashMap<>(); // by parameter
  private final Map<String, String> parameters = new HashMap<>(); // by layer
  private final NDManager manager;

  SequentialCalibration(
      Graph graph,
      List<Layer> layers,
      List<Calibrator.Batch> batches,
      Calibration.Target target,
      Set<Statistic> needs) {
    layers.forEach(layer -> this.layers.put(layer.name(), layer));
    this.batches = batches;
    this.needs = needs;
    this.manager = batches.get(0).data().head().getManager().newSubManager();
    for (NamedParameter parameter : graph.parameters()) {
      Layer layer = this.layers.get(parameter.layer());
      if (layer != null && layer.parameter() == parameter.parameter()) {
        parameters.put(layer.name(), parameter.name());
      }
    }
    for (Calibrator.Batch batch : batches) {
      pruned.add(new StagedRun(graph, batch.data(), Map.of()));
      if (target == Calibration.Target.DENSE) {
        dense.add(new StagedRun(graph, batch.data(), denseWeights));
      }
    }
  }

  /** Runs up to a stage and measures its layers; they may be changed until the next call. */
  Map<Layer, Evidence> advance(Stage stage) {
    Map<Layer, LayerSums> sums = new LinkedHashMap<>();
    for (Stage.Use use : stage.uses()) {
      Layer layer = layers.get(use.layer());
      if (layer != null) {
        sums.computeIfAbsent(layer, l -> new LayerSums(l, needs));
      }
    }
    shareInputs(stage, sums);
    try {
      for (int b = 0; b < batches.size(); b++) {
        pruned.get(b).advance(stage);
        if (!dense.isEmpty()) {
          dense.get(b).advance(stage);
        }
        measure(b, stage, sums);
      }
      Map<Layer, Evidence> evidence = new LinkedHashMap<>();
      sums.forEach((layer, own) -> evidence.put(layer, own.evidence()));
      if (!dense.isEmpty()) {
        sums.keySet().forEach(this::keepDense);
      }
      return evidence;
    } finally {
      sums.values().forEach(LayerSums::close);
    }
  }

  /** Query, key and value see one input, which is measured once. */
  private void shareInputs(Stage stage, Map<Layer, LayerSums> sums) {
    if (stage.uses().size() != sums.size()) {
      return; // some layer is used several times
    }
    Map<Reference, LayerSums> first = new HashMap<>();
    for (Stage.Use use : stage.uses()) {
      Layer layer = layers.get(use.layer());
      LayerSums own = layer == null ? null : sums.get(layer);
      if (own != null && use.how().type() == LayerType.LINEAR) {
        LayerSums other = first.putIfAbsent(use.input(), own);
        if (other != null) {
          own.inputsOf(other);
        }
      }
    }
  }

  private void measure(int b, Stage stage, Map<Layer, LayerSums> sums) {
    NDArray counted = batches.get(b).counted().orElse(null);
    Torch.withoutGradients(
        () -> {
          for (Stage.Use use : stage.uses()) {
            Layer layer = layers.get(use.layer());
            LayerSums own = layer == null ? null : sums.get(layer);
            if (own == null) {
              continue;
            }
            try (NDScope scope = new NDScope()) {
              scope.suppressNotUsedWarning();
              NDArray wanted = dense.isEmpty() ? null : wanted(b, use);
              own.addInput(pruned.get(b).array(use.input()), use.how(), counted, wanted);
            }
          }
        });
  }

  /** The dense model's output and what the residual stream has lost until here. */
  private NDArray wanted(int b, Stage.Use use) {
    NDArray output = dense.get(b).output(use).toType(DataType.FLOAT64, false);
    if (use.residual().isEmpty()) {
      return output;
    }
    NDArray should = dense.get(b).array(use.residual().get());
    NDArray is = pruned.get(b).array(use.residual().get());
    return output.add(should.sub(is).reshape(output.getShape()));
  }

  /** Later stages of the dense model still run with the layer's present weights. */
  private void keepDense(Layer layer) {
    String parameter = parameters.get(layer.name());
    if (parameter != null) {
      NDArray copy = layer.parameter().getArray().stopGradient().duplicate();
      copy.attach(manager);
      NDScope.unregister(copy);
      denseWeights.put(parameter, copy);
    }
  }

  @Override
  public void close() {
    pruned.forEach(StagedRun::close);
    dense.forEach(StagedRun::close);
    manager.close();
  }
}

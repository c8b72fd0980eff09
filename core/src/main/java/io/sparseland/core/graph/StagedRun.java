// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.Argument.ParameterRef;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One batch on its way through the {@link Stage}s of a graph in inference: every operation runs
 * once, and only what later stages read is kept in memory.
 */
public final class StagedRun implements AutoCloseable {

  private final Graph graph;
  private final Replay replay;
  private final Set<NDArray> owned = Collections.newSetFromMap(new IdentityHashMap<>());

  /**
   * Starts before the first stage.
   *
   * @param inputs they stay the caller's
   * @param instead arrays that take the place of parameters, by name; read as the run goes on
   */
  public StagedRun(Graph graph, NDList inputs, Map<String, NDArray> instead) {
    this.graph = graph;
    this.replay =
        new Replay(
            graph, new ParameterStore(inputs.head().getManager(), false), inputs, false, instead);
  }

  /** Runs up to the inputs of a stage; the stages before it come first, in order. */
  public void advance(Stage stage) {
    Torch.withoutGradients(
        () -> {
          try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            for (int id : stage.operations()) {
              Operation operation = graph.operations().get(id);
              replay.call(operation);
              own(operation);
            }
            drop(stage.keep());
            replay.forgetConstants();
          }
        });
  }

  private void own(Operation operation) {
    for (NDArray result : replay.results().getOrDefault(operation.id(), List.of())) {
      if (operation.references().stream().noneMatch(r -> replay.array(r) == result)) {
        owned.add(result); // else an operation gave back its own argument
      }
    }
  }

  private void drop(Set<Integer> keep) {
    replay.results().keySet().removeIf(id -> !keep.contains(id));
    Set<NDArray> alive = Collections.newSetFromMap(new IdentityHashMap<>());
    replay.results().values().forEach(alive::addAll);
    owned.removeIf(
        array -> {
          if (alive.contains(array)) {
            NDScope.unregister(array);
            return false;
          }
          array.close();
          return true;
        });
  }

  /** An array that is known; it stays this run's. */
  public NDArray array(Reference reference) {
    return replay.array(reference);
  }

  /** The output of a use, bias left out, as this run's weights give it. Call inside an NDScope. */
  public NDArray output(Stage.Use use) {
    Operation operation = graph.operations().get(use.operation());
    return Torch.withoutGradients(
        () -> {
          NDArray output = replay.evaluate(operation).get(0);
          Optional<NDArray> bias = bias(operation);
          return bias.isEmpty() ? output : output.sub(shaped(bias.get(), output, use.how()));
        });
  }

  private Optional<NDArray> bias(Operation operation) {
    return operation.reference(2).filter(ParameterRef.class::isInstance).map(replay::array);
  }

  private static NDArray shaped(NDArray bias, NDArray output, LayerUse how) {
    if (how.stride().dimension() == 0) {
      return bias;
    }
    long[] shape = new long[output.getShape().dimension() - 1];
    java.util.Arrays.fill(shape, 1);
    shape[0] = bias.size();
    return bias.reshape(new ai.djl.ndarray.types.Shape(shape)); // [out, 1, ...]
  }

  @Override
  public void close() {
    owned.forEach(NDArray::close);
    owned.clear();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import io.sparseland.core.graph.Argument.Constant;
import io.sparseland.core.graph.Argument.Index;
import io.sparseland.core.graph.Argument.IndexItem;
import io.sparseland.core.graph.Argument.Input;
import io.sparseland.core.graph.Argument.ListOf;
import io.sparseland.core.graph.Argument.Literal;
import io.sparseland.core.graph.Argument.ManagerOf;
import io.sparseland.core.graph.Argument.ParameterRef;
import io.sparseland.core.graph.Argument.Result;
import io.sparseland.core.graph.Argument.SizeLiteral;
import io.sparseland.core.graph.Argument.TrainingFlag;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One forward pass of a graph: calls the recorded methods again. */
final class Replay {

  private final Graph graph;
  private final Graph.Body body;
  private final ParameterStore store;
  private final NDList inputs;
  private final boolean training;
  private final boolean mutates;
  private final Device device;
  private final NDManager manager;
  private final Map<String, Long> symbols;
  private final Map<String, NDArray> instead;
  private final Map<Integer, List<NDArray>> results = new HashMap<>();
  private final IdentityHashMap<ConstantArray, NDArray> constants = new IdentityHashMap<>();

  /**
   * Starts a pass.
   *
   * @param instead arrays that take the place of parameters, by name; read as the pass goes on
   */
  Replay(
      Graph graph,
      ParameterStore store,
      NDList inputs,
      boolean training,
      Map<String, NDArray> instead) {
    this.graph = graph;
    this.body = graph.body(training);
    this.store = store;
    this.inputs = inputs;
    this.training = training;
    this.instead = instead;
    this.mutates = body.operations().stream().anyMatch(Operation::mutates);
    this.symbols = graph.bind(Arrays.asList(inputs.getShapes()));
    this.device = inputs.head().getDevice();
    this.manager = inputs.head().getManager();
  }

  static NDList run(Graph graph, ParameterStore store, NDList inputs, boolean training) {
    Replay replay = new Replay(graph, store, inputs, training, Map.of());
    replay.body.operations().forEach(replay::call);
    NDList outputs = new NDList();
    replay.body.outputs().forEach(o -> outputs.add(replay.array(o)));
    return outputs;
  }

  /** Calls an operation and remembers its results. */
  void call(Operation operation) {
    results.put(operation.id(), evaluate(operation));
  }

  /** Calls an operation. */
  List<NDArray> evaluate(Operation operation) {
    Object self =
        operation.target() instanceof Reference target
            ? operation.internal() ? array(target).getNDArrayInternal() : array(target)
            : manager;
    @Nullable Object[] arguments = new @Nullable Object[operation.arguments().size()];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = value(operation.arguments().get(i));
    }
    return arrays(Scalars.invoke(operation.method(), self, arguments));
  }

  private static List<NDArray> arrays(@Nullable Object result) {
    if (result instanceof NDArray array) {
      return List.of(array);
    }
    if (result instanceof NDList list) {
      return list;
    }
    return result instanceof NDArray[] arrays ? List.of(arrays) : List.of();
  }

  /** Forgets the constants: their arrays belong to the scope they were first used in. */
  void forgetConstants() {
    constants.clear();
  }

  /** What has been computed and not been dropped, by operation. */
  Map<Integer, List<NDArray>> results() {
    return results;
  }

  /** An array that is known by now. */
  NDArray array(Reference reference) {
    if (reference instanceof Input input) {
      return inputs.get(input.index());
    }
    if (reference instanceof Result result) {
      List<NDArray> found = results.get(result.operation());
      if (found == null) {
        throw new IllegalStateException("operation " + result.operation() + " has not run");
      }
      return found.get(result.index());
    }
    if (reference instanceof ParameterRef p) {
      NDArray other = instead.get(p.name());
      if (other != null) {
        return other;
      }
      return store.getValue(graph.parameter(p.name()).parameter(), device, training);
    }
    return constants.computeIfAbsent(
        ((Constant) reference).value(), c -> mutates ? c.toArray(manager) : c.share(manager));
  }

  private @Nullable Object value(Argument argument) {
    if (argument instanceof Reference reference) {
      return array(reference);
    }
    if (argument instanceof Literal literal) {
      return literal.value();
    }
    if (argument instanceof SizeLiteral size) {
      return size.at(symbols);
    }
    if (argument instanceof TrainingFlag) {
      return training;
    }
    if (argument instanceof ManagerOf) {
      return manager;
    }
    if (argument instanceof ListOf list) {
      return list(list);
    }
    List<IndexItem> items =
        argument instanceof Index index ? index.items() : List.of((IndexItem) argument);
    return Indices.build(items, this::value);
  }

  private Object list(ListOf list) {
    List<@Nullable Object> values = new ArrayList<>();
    list.items().forEach(i -> values.add(value(i)));
    return switch (list.holder()) {
      case LIST -> {
        NDList arrays = new NDList();
        values.forEach(v -> arrays.add((NDArray) v));
        yield arrays;
      }
      case ARRAYS -> values.toArray(new NDArray[0]);
      case OBJECTS -> values.toArray();
    };
  }
}

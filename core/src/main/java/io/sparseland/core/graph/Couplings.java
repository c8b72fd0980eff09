// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import io.sparseland.core.graph.Argument.ParameterRef;
import io.sparseland.core.graph.Argument.Result;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the hidden units and attention heads of a graph, by walking back from each linear layer's
 * input to the linear layers it comes from.
 *
 * <p>Units: only operations that treat every column alike lie between. Heads: the input is a
 * product of matrices put side by side; every linear layer met first on the way back (query, key,
 * value) makes them. Either way, what lies between must be read by nothing else. An input of
 * another kind, such as a residual stream or a norm, has no units.
 */
public final class Couplings {

  private static final int WEIGHT = 1;

  /** Keep columns apart: column j of the result depends on columns j only. */
  private static final Set<String> COLUMNWISE =
      Set.of(
          "gelu",
          "relu",
          "swish",
          "sigmoid",
          "tanh",
          "mish",
          "selu",
          "elu",
          "leakyRelu",
          "softPlus",
          "softSign",
          "dropout",
          "erf",
          "exp",
          "abs",
          "neg",
          "square",
          "sqrt",
          "pow",
          "minimum",
          "maximum",
          "mul",
          "div",
          "add",
          "sub",
          "rdiv",
          "rsub");

  private static final Set<String> REARRANGE = Set.of("reshape", "transpose", "swapAxes");

  private final Graph graph;
  private final Map<Integer, List<Integer>> readers = new HashMap<>();
  private final Map<Integer, Set<Integer>> sources = new HashMap<>(); // linear operations above

  private Couplings(Graph graph) {
    this.graph = graph;
    for (Operation operation : graph.operations()) {
      for (Reference reference : operation.references()) {
        if (reference instanceof Result r) {
          readers.computeIfAbsent(r.operation(), id -> new ArrayList<>()).add(operation.id());
        }
      }
    }
  }

  /** The units and heads of a graph, in the order of their consumers. */
  public static List<Coupling> of(Graph graph) {
    Couplings couplings = new Couplings(graph);
    Map<String, Integer> uses = new HashMap<>();
    for (Operation operation : graph.operations()) {
      layer(graph, operation).ifPresent(name -> uses.merge(name, 1, Integer::sum));
    }
    Map<String, Coupling> found = new LinkedHashMap<>();
    for (Operation operation : graph.operations()) {
      couplings
          .of(operation)
          .filter(c -> uses.getOrDefault(c.consumer(), 0) == 1)
          .filter(c -> c.producers().stream().allMatch(p -> uses.getOrDefault(p.layer(), 0) == 1))
          .ifPresent(c -> found.put(c.consumer(), c));
    }
    return List.copyOf(found.values());
  }

  private Optional<Coupling> of(Operation consumer) {
    Optional<String> name = layer(graph, consumer);
    Optional<Reference> input = name.isEmpty() ? Optional.empty() : consumer.reference(0);
    if (name.isEmpty() || input.isEmpty() || !(input.get() instanceof Result first)) {
      return Optional.empty();
    }
    Set<Integer> between = new HashSet<>();
    Optional<Operation> product = product(first, between);
    Set<Integer> makers;
    if (product.isPresent()) {
      makers = anywhere(product.get(), between);
    } else {
      between.clear();
      Optional<Set<Integer>> same = columnwise(first, between);
      if (same.isEmpty()) {
        return Optional.empty();
      }
      makers = same.get();
    }
    if (makers.isEmpty() || !readByNothingElse(between, makers, consumer.id())) {
      return Optional.empty();
    }
    int columns = columns(consumer);
    int part = product.map(p -> last(p.resultShapes().get(0))).orElse(1);
    return part == 0 ? Optional.empty() : coupling(name.get(), columns, part, makers, product);
  }

  private Optional<Coupling> coupling(
      String consumer, int columns, int part, Set<Integer> makers, Optional<Operation> product) {
    int units = columns / part;
    for (int id : makers) { // heads that share a key and value go together
      units = Math.min(units, rows(id) / part);
    }
    if (units < 1 || columns % units != 0) {
      return Optional.empty();
    }
    List<Coupling.Producer> producers = new ArrayList<>();
    for (int id : makers) {
      if (rows(id) % units != 0) {
        return Optional.empty();
      }
      producers.add(
          new Coupling.Producer(
              layer(graph, graph.operations().get(id)).orElseThrow(), rows(id) / units));
    }
    return Optional.of(
        new Coupling(consumer, units, columns / units, product.isPresent(), producers));
  }

  /** The product of matrices that an input puts side by side, if it is one. */
  private Optional<Operation> product(Result from, Set<Integer> between) {
    Operation operation = graph.operations().get(from.operation());
    between.add(operation.id());
    if (operation.name().equals("matMul")) {
      return Optional.of(operation);
    }
    return REARRANGE.contains(operation.name()) && operation.target() instanceof Result r
        ? product(r, between)
        : Optional.empty();
  }

  /** All linear operations met first on the way back, whatever lies between. */
  private Set<Integer> anywhere(Operation from, Set<Integer> between) {
    Set<Integer> makers = new TreeSet<>();
    for (Reference reference : from.references()) {
      if (reference instanceof Result r) {
        Operation operation = graph.operations().get(r.operation());
        if (layer(graph, operation).isPresent()) {
          makers.add(operation.id());
        } else if (!above(operation.id()).isEmpty()) {
          between.add(operation.id());
          makers.addAll(anywhere(operation, between));
        }
      }
    }
    return makers;
  }

  /** The linear operations behind columns that were not mixed; empty if they were. */
  private Optional<Set<Integer>> columnwise(Result from, Set<Integer> between) {
    Operation operation = graph.operations().get(from.operation());
    if (layer(graph, operation).isPresent()) {
      return Optional.of(Set.of(operation.id()));
    }
    if (above(operation.id()).isEmpty()) {
      return Optional.of(Set.of());
    }
    if (!COLUMNWISE.contains(operation.name())) {
      return Optional.empty();
    }
    between.add(operation.id());
    List<Set<Integer>> parts = new ArrayList<>();
    for (Reference reference : operation.references()) {
      if (reference instanceof Result r) {
        Optional<Set<Integer>> part = columnwise(r, between);
        if (part.isEmpty()) {
          return Optional.empty();
        }
        if (!part.get().isEmpty()) {
          parts.add(part.get());
        }
      }
    }
    boolean sum = operation.name().equals("add") || operation.name().equals("sub");
    if (sum && new HashSet<>(parts).size() > 1) {
      return Optional.empty(); // a residual stream: its parts do not go together
    }
    Set<Integer> makers = new TreeSet<>();
    parts.forEach(makers::addAll);
    return Optional.of(makers);
  }

  /** The nearest linear operations above one, itself left out. */
  private Set<Integer> above(int id) {
    Set<Integer> known = sources.get(id);
    if (known != null) {
      return known;
    }
    Set<Integer> found = new TreeSet<>();
    for (Reference reference : graph.operations().get(id).references()) {
      if (reference instanceof Result r) {
        Operation operation = graph.operations().get(r.operation());
        found.addAll(
            layer(graph, operation).isPresent() ? Set.of(operation.id()) : above(operation.id()));
      }
    }
    sources.put(id, Collections.unmodifiableSet(found));
    return found;
  }

  private boolean readByNothingElse(Set<Integer> between, Set<Integer> makers, int consumer) {
    Set<Integer> all = new HashSet<>(between);
    all.addAll(makers);
    for (int id : all) {
      for (int reader : readers.getOrDefault(id, List.of())) {
        if (reader != consumer && !between.contains(reader)) {
          return false;
        }
      }
      if (graph.outputs().stream().anyMatch(o -> o instanceof Result r && r.operation() == id)) {
        return false;
      }
    }
    return true;
  }

  private int rows(int id) {
    return Math.toIntExact(weight(graph.operations().get(id)).parameter().getShape().get(0));
  }

  private int columns(Operation operation) {
    return Math.toIntExact(weight(operation).parameter().getShape().get(1));
  }

  private NamedParameter weight(Operation operation) {
    return graph.parameter(((ParameterRef) operation.arguments().get(WEIGHT)).name());
  }

  /** The constant last size of a shape, or 0. */
  private static int last(List<Size> shape) {
    Size size = shape.get(shape.size() - 1);
    return size.isConstant() ? Math.toIntExact(size.at(Map.of())) : 0;
  }

  private static Optional<String> layer(Graph graph, Operation operation) {
    boolean linear =
        operation.internal()
            && operation.name().equals("linear")
            && operation.arguments().get(WEIGHT) instanceof ParameterRef;
    return linear
        ? Optional.of(
            graph.parameter(((ParameterRef) operation.arguments().get(WEIGHT)).name()).layer())
        : Optional.empty();
  }
}

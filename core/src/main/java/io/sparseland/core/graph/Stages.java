// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import io.sparseland.core.LayerType;
import io.sparseland.core.graph.Argument.Literal;
import io.sparseland.core.graph.Argument.ParameterRef;
import io.sparseland.core.graph.Argument.Result;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Splits a graph into {@link Stage}s: query, key and value are one stage, the attention's output
 * the next, and so on, found from what depends on what.
 *
 * <p>A weight that is used several times is pruned at its first use; later uses count only if they
 * are in the same stage.
 */
public final class Stages {

  private static final int WEIGHT = 1;
  private static final Set<String> KEEP_POSITIONS = Set.of("reshape", "dropout");

  private final Graph graph;
  private final Set<String> layers;
  private final int[] level; // of each operation's results: stages that must be over
  private final Map<String, Integer> stageOf = new HashMap<>();
  private final TreeMap<Integer, List<Stage.Use>> uses = new TreeMap<>();
  private final Map<Integer, List<Operation>> consumers = new HashMap<>();

  private Stages(Graph graph, Collection<String> layers) {
    this.graph = graph;
    this.layers = Set.copyOf(layers);
    this.level = new int[graph.operations().size()];
  }

  /**
   * The stages of some layers, in order.
   *
   * @param layers names of layers used by linear layers or convolutions
   * @throws IllegalArgumentException if the graph changes arrays in place
   */
  public static List<Stage> of(Graph graph, Collection<String> layers) {
    checkReplayable(graph);
    Stages stages = new Stages(graph, layers);
    graph.operations().forEach(stages::level);
    return stages.cut();
  }

  /** Every batch goes through the operations on its own, so arrays may not change in between. */
  static void checkReplayable(Graph graph) {
    for (Operation operation : graph.operations()) {
      if (operation.mutates()) {
        throw new IllegalArgumentException(
            "layers cannot be calibrated one after another: %s changes an array in place at %s; use"
                    .formatted(operation.name(), operation.site())
                + " order: dense");
      }
    }
  }

  private void level(Operation operation) {
    int inputs = 0;
    for (Reference reference : operation.references()) {
      inputs = Math.max(inputs, level(reference));
      if (reference instanceof Result result) {
        consumers.computeIfAbsent(result.operation(), id -> new ArrayList<>()).add(operation);
      }
    }
    level[operation.id()] = inputs;
    String layer = prunable(operation);
    LayerUse how = layer == null ? null : how(operation);
    if (layer == null || how == null) {
      return;
    }
    int stage = stageOf.computeIfAbsent(layer, name -> level[operation.id()]);
    if (stage == inputs) {
      Reference input = operation.reference(0).orElseThrow();
      uses.computeIfAbsent(stage, s -> new ArrayList<>())
          .add(new Stage.Use(layer, operation.id(), how, input, Optional.empty()));
    }
    level[operation.id()] = Math.max(inputs, stage + 1);
  }

  private int level(Reference reference) {
    return reference instanceof Result result ? level[result.operation()] : 0;
  }

  private @Nullable String prunable(Operation operation) {
    if (operation.internal()
        && operation.arguments().size() > WEIGHT
        && operation.arguments().get(WEIGHT) instanceof ParameterRef p) {
      String layer = graph.parameter(p.name()).layer();
      return layers.contains(layer) ? layer : null;
    }
    return null;
  }

  private static @Nullable LayerUse how(Operation operation) {
    List<Argument> args = operation.arguments();
    return switch (operation.name()) {
      case "linear" -> LayerUse.LINEAR;
      case "convolution" ->
          new LayerUse(
              LayerType.CONVOLUTION,
              literal(args.get(3), Shape.class),
              literal(args.get(4), Shape.class),
              literal(args.get(5), Shape.class),
              literal(args.get(6), Integer.class));
      default -> null;
    };
  }

  private static <T> T literal(Argument argument, Class<T> type) {
    if (argument instanceof Literal literal && type.isInstance(literal.value())) {
      return type.cast(literal.value());
    }
    throw new IllegalArgumentException("expected a fixed " + type + ", found " + argument);
  }

  private List<Stage> cut() {
    List<List<Stage.Use>> all = new ArrayList<>();
    uses.forEach(
        (stage, found) -> all.add(found.stream().map(u -> withResidual(u, stage)).toList()));
    return cut(graph, all);
  }

  /**
   * What has to run to know the inputs of some uses, then of the next ones, and what to keep.
   *
   * @param all uses of each stage, none of which an earlier stage's input depends on
   */
  static List<Stage> cut(Graph graph, List<List<Stage.Use>> all) {
    List<Set<Integer>> needed = new ArrayList<>(); // by each stage, all its ancestors
    for (List<Stage.Use> uses : all) {
      Set<Integer> ancestors = new TreeSet<>();
      for (Stage.Use use : uses) {
        ancestors(graph, use.input(), ancestors);
        use.residual().ifPresent(r -> ancestors(graph, r, ancestors));
      }
      needed.add(ancestors);
    }
    List<Stage> stages = new ArrayList<>();
    Set<Integer> done = new HashSet<>();
    for (int s = 0; s < all.size(); s++) {
      List<Integer> run = needed.get(s).stream().filter(id -> !done.contains(id)).toList();
      done.addAll(run);
      stages.add(new Stage(all.get(s), run, keep(graph, all, needed, s, done)));
    }
    return stages;
  }

  /** What is known after a stage and still read, by its uses, by later ones, or on the way. */
  private static Set<Integer> keep(
      Graph graph,
      List<List<Stage.Use>> all,
      List<Set<Integer>> needed,
      int stage,
      Set<Integer> done) {
    List<Reference> read = new ArrayList<>();
    for (int s = stage; s < all.size(); s++) {
      for (Stage.Use use : all.get(s)) {
        read.add(use.input());
        use.residual().ifPresent(read::add);
      }
      for (int id : needed.get(s)) {
        if (!done.contains(id)) {
          read.addAll(graph.operations().get(id).references());
        }
      }
    }
    Set<Integer> keep = new HashSet<>();
    for (Reference reference : read) {
      if (reference instanceof Result result && done.contains(result.operation())) {
        keep.add(result.operation());
      }
    }
    return keep;
  }

  private static void ancestors(Graph graph, Reference reference, Set<Integer> found) {
    if (reference instanceof Result result && found.add(result.operation())) {
      graph
          .operations()
          .get(result.operation())
          .references()
          .forEach(r -> ancestors(graph, r, found));
    }
  }

  /** Finds {@code residual + f(output)} with f keeping the order of the positions. */
  private Stage.Use withResidual(Stage.Use use, int stage) {
    int branch = use.operation();
    while (true) {
      List<Operation> readers = consumers.getOrDefault(branch, List.of());
      if (readers.size() != 1) {
        return use;
      }
      Operation reader = readers.get(0);
      if (reader.name().equals("add") && reader.references().size() == 2) {
        Reference first = reader.references().get(0);
        Reference second = reader.references().get(1);
        boolean firstIsBranch = first instanceof Result r && r.operation() == branch;
        Reference other = firstIsBranch ? second : first;
        boolean known = other instanceof Result r ? level[r.operation()] <= stage : isInput(other);
        boolean same = graph.shape(other).equals(reader.resultShapes().get(0));
        return known && same
            ? new Stage.Use(
                use.layer(), use.operation(), use.how(), use.input(), Optional.of(other))
            : use;
      }
      if (!KEEP_POSITIONS.contains(reader.name())) {
        return use;
      }
      branch = reader.id();
    }
  }

  private static boolean isInput(Reference reference) {
    return reference instanceof Argument.Input;
  }
}

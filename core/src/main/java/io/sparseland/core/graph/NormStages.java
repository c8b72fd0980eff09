// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import io.sparseland.core.LayerType;
import io.sparseland.core.graph.Argument.Literal;
import io.sparseland.core.graph.Argument.ParameterRef;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The batch norms of a graph, each a {@link Stage} of its own, in forward order. */
public final class NormStages {

  private static final int MEAN = 1;
  private static final int VARIANCE = 2;
  private static final int AXIS = 5;
  private static final LayerUse NORM =
      new LayerUse(LayerType.NORM, new Shape(), new Shape(), new Shape(), 1);

  private NormStages() {}

  /**
   * The stages, each with one use: the norm and its input.
   *
   * @throws IllegalArgumentException if the graph changes arrays in place, or uses a norm twice
   */
  public static List<Stage> of(Graph graph) {
    Stages.checkReplayable(graph);
    List<List<Stage.Use>> norms = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Operation operation : graph.operations()) {
      if (operation.internal() && operation.name().equals("batchNorm")) {
        NamedParameter mean = mean(graph, operation);
        if (!seen.add(mean.name())) {
          throw new IllegalArgumentException(
              "batch norm '%s' is used twice, so it has no statistics of one input"
                  .formatted(mean.layer()));
        }
        norms.add(
            List.of(
                new Stage.Use(
                    mean.layer(),
                    operation.id(),
                    NORM,
                    operation.reference(0).orElseThrow(),
                    Optional.empty())));
      }
    }
    return Stages.cut(graph, norms);
  }

  /** The running mean of a norm. */
  public static NamedParameter mean(Graph graph, Stage stage) {
    return mean(graph, operation(graph, stage));
  }

  /** The running variance of a norm. */
  public static NamedParameter variance(Graph graph, Stage stage) {
    return parameter(graph, operation(graph, stage), VARIANCE);
  }

  /** The dimension of its input that has the channels. */
  public static int axis(Graph graph, Stage stage) {
    return operation(graph, stage).arguments().get(AXIS) instanceof Literal literal
            && literal.value() instanceof Integer axis
            && axis != -1
        ? axis
        : 1;
  }

  private static Operation operation(Graph graph, Stage stage) {
    return graph.operations().get(stage.uses().get(0).operation());
  }

  private static NamedParameter mean(Graph graph, Operation operation) {
    return parameter(graph, operation, MEAN);
  }

  private static NamedParameter parameter(Graph graph, Operation operation, int place) {
    if (operation.arguments().get(place) instanceof ParameterRef p) {
      return graph.parameter(p.name());
    }
    throw new IllegalArgumentException(
        "the running statistics of %s are no parameters of the block".formatted(operation));
  }
}

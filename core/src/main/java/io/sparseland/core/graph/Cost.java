// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Map;

/**
 * What one operation costs in inference.
 *
 * @param operation id of the operation
 * @param name its name
 * @param layer the layer whose weight it uses, or {@code ""}
 * @param result shape of its first result; a scalar's when it has none
 * @param macs multiply-accumulates of linear, convolution, recurrent and matrix products; 0 for all
 *     else, as is usual in the pruning literature
 */
public record Cost(int operation, String name, String layer, Shape result, long macs) {

  /** Floating point operations: two for each multiply-accumulate. */
  public long flops() {
    return 2 * macs;
  }

  /** The cost of every operation with symbols such as {@code batch} given. */
  public static List<Cost> of(Graph graph, Map<String, Long> symbols) {
    return graph.operations().stream().map(o -> of(graph, o, symbols)).toList();
  }

  /** Floating point operations of the whole graph. */
  public static long flops(Graph graph, Map<String, Long> symbols) {
    return of(graph, symbols).stream().mapToLong(Cost::flops).sum();
  }

  /** Number of parameter values, tied ones once. */
  public static long parameters(Graph graph) {
    return graph.parameters().stream().mapToLong(p -> p.parameter().getShape().size()).sum();
  }

  private static Cost of(Graph graph, Operation operation, Map<String, Long> symbols) {
    Shape result =
        operation.resultShapes().isEmpty()
            ? new Shape()
            : Graph.at(operation.resultShapes().get(0), symbols);
    long macs =
        switch (operation.name()) {
          case "linear", "convolution" -> {
            Shape weight = shape(graph, operation.arguments().get(1), symbols);
            yield result.size() * (weight.size() / weight.get(0));
          }
          case "matMul", "dot", "batchMatMul", "batchDot" -> {
            Shape left = shape(graph, operation.target(), symbols);
            yield result.size() * (left.dimension() == 0 ? 1 : left.get(left.dimension() - 1));
          }
          case "rnn", "lstm", "gru" -> {
            Shape input = shape(graph, operation.arguments().get(0), symbols);
            long steps = input.size() / input.get(input.dimension() - 1);
            yield steps
                * operation.references().stream()
                    .filter(Argument.ParameterRef.class::isInstance)
                    .map(r -> Graph.at(graph.shape(r), symbols))
                    .filter(s -> s.dimension() > 1)
                    .mapToLong(Shape::size)
                    .sum();
          }
          default -> 0;
        };
    return new Cost(operation.id(), operation.name(), operation.layer(), result, macs);
  }

  private static Shape shape(Graph graph, Argument argument, Map<String, Long> symbols) {
    if (argument instanceof Reference reference) {
      return Graph.at(graph.shape(reference), symbols);
    }
    throw new IllegalArgumentException("expected an array, found " + argument);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.sparseland.kernels.graph.Size;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * An ordinary trainable DJL block that replays a graph.
 *
 * <p>Its parameters are the graph's, that is the traced block's own, under their dotted names:
 * training, loading or clearing one changes the other. In inference its outputs are the traced
 * block's to the bit; batch norm and dropout follow the live mode.
 */
public final class GraphBlock extends AbstractBlock {

  private static final byte VERSION = 1;

  private final Graph graph;

  /** Replays a graph. */
  public GraphBlock(Graph graph) {
    super(VERSION);
    this.graph = graph;
    graph.parameters().forEach(p -> parameters.put(p.name(), p.parameter()));
    inputNames = graph.inputs().stream().map(InputSpec::name).toList();
    inputShapes = graph.inputs().stream().map(GraphBlock::open).toArray(Shape[]::new);
  }

  /** The graph it replays. */
  public Graph graph() {
    return graph;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    return Replay.run(graph, store, inputs, training);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    Map<String, Long> symbols = graph.bind(Arrays.asList(inputShapes));
    return graph.outputs().stream()
        .map(o -> Graph.at(graph.shape(o), symbols))
        .toArray(Shape[]::new);
  }

  private static Shape open(InputSpec input) {
    List<Size> shape = input.shape();
    return new Shape(shape.stream().mapToLong(s -> s.isConstant() ? s.constant() : -1).toArray());
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.sparseland.core.graph.Argument.Literal;
import io.sparseland.core.graph.Argument.ParameterRef;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.NamedParameter;
import io.sparseland.core.graph.Operation;
import io.sparseland.core.graph.Reference;
import io.sparseland.core.graph.Tracer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The layers of a block, in forward order. */
public final class Layers {

  private static final int WEIGHT = 1; // position in linear, convolution and embedding
  private static final int GROUPS = 6; // of convolution(input, weight, bias, stride, padding, ...)

  private Layers() {}

  /** Layers of an initialised block, found by tracing it with fp32 inputs. */
  public static List<Layer> of(Block block, Shape... inputShapes) {
    return of(Tracer.trace(block, inputShapes));
  }

  /**
   * Layers of a graph: every weight that an operation uses, typed by its first use, except that an
   * embedding table stays one when it is used otherwise before; biases and running statistics are
   * no layers.
   */
  public static List<Layer> of(Graph graph) {
    Map<String, Layer> layers = new LinkedHashMap<>();
    for (Operation operation : graph.operations()) {
      for (Reference reference : operation.references()) {
        if (!(reference instanceof ParameterRef p)) {
          continue;
        }
        NamedParameter named = graph.parameter(p.name());
        LayerType type = type(operation, p, named.parameter());
        Layer known = layers.get(p.name());
        if (isWeight(type, named.parameter())
            && (known == null || (type == LayerType.EMBEDDING && known.type() != type))) {
          layers.put(p.name(), layer(operation, type, named));
        }
      }
    }
    return List.copyOf(layers.values());
  }

  private static LayerType type(Operation operation, ParameterRef p, Parameter parameter) {
    boolean weight =
        operation.internal()
            && operation.arguments().size() > WEIGHT
            && operation.arguments().get(WEIGHT).equals(p);
    return switch (operation.name()) {
      case "linear" -> weight ? LayerType.LINEAR : LayerType.OTHER;
      case "convolution" -> weight ? LayerType.CONVOLUTION : LayerType.OTHER;
      case "embedding" -> weight ? LayerType.EMBEDDING : LayerType.OTHER;
      case "batchNorm", "layerNorm" ->
          parameter.getType() == Parameter.Type.GAMMA ? LayerType.NORM : LayerType.OTHER;
      default -> LayerType.OTHER;
    };
  }

  private static boolean isWeight(LayerType type, Parameter parameter) {
    return type != LayerType.OTHER
        || switch (parameter.getType()) {
          case WEIGHT -> true;
          case OTHER -> parameter.getShape().dimension() > 1;
          default -> false;
        };
  }

  private static Layer layer(Operation operation, LayerType type, NamedParameter named) {
    Shape shape = named.parameter().getShape();
    Geometry geometry =
        type == LayerType.CONVOLUTION
            ? Geometry.convolution(shape, groups(operation))
            : matrix(shape);
    return Layer.of(named.layer(), named.layerAliases(), type, geometry, named.parameter());
  }

  private static Geometry matrix(Shape shape) {
    int rows = shape.dimension() == 0 ? 1 : Math.toIntExact(shape.get(0));
    return Geometry.linear(rows, Math.toIntExact(shape.size() / rows));
  }

  private static int groups(Operation operation) {
    if (operation.arguments().get(GROUPS) instanceof Literal literal
        && literal.value() instanceof Integer groups) {
      return groups;
    }
    throw new IllegalArgumentException("convolution without groups: " + operation);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.ValueType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How many pixels the images have that convolutions of a graph give. */
public final class OutputPixels {

  private static final long SIDE = 56; // of an image whose size the graph leaves open

  private OutputPixels() {}

  /**
   * Pixels of an image by name of the weight, of the first convolution that reads it.
   *
   * @param shapes of the stored tensors by name
   */
  public static Map<String, Integer> of(ModelGraph graph, Map<String, List<Integer>> shapes) {
    Map<String, ValueType> types = graph.infer(shapes);
    Map<String, Long> symbols = new HashMap<>();
    graph.symbols().forEach(symbol -> symbols.put(symbol, SIDE));
    Map<String, Integer> pixels = new HashMap<>();
    for (Node node : graph.nodes()) {
      if (node.op() instanceof Op.Conv2d conv) {
        ValueType image = types.get(node.output());
        long count =
            image == null
                ? SIDE * SIDE
                : image.shape().get(2).at(symbols) * image.shape().get(3).at(symbols);
        pixels.putIfAbsent(conv.weight(), Math.toIntExact(count));
      }
    }
    return pixels;
  }
}

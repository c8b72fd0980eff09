// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.graph.ModelGraph;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a model directory holds. Every tensor is used by the graph, every tensor that the graph uses
 * is there, and the shapes fit.
 *
 * @param graph the operations
 * @param tensors weights and other constants, in the order in which they are stored
 * @param provenance where it comes from
 */
public record ModelContent(ModelGraph graph, List<StoredTensor> tensors, Provenance provenance) {

  /**
   * Copies the list and checks that graph and tensors fit.
   *
   * @throws IllegalArgumentException naming the node or tensor, what was found, what is allowed
   */
  public ModelContent {
    tensors = List.copyOf(tensors);
    Set<String> used = graph.tensors();
    Set<String> names = new HashSet<>();
    for (StoredTensor tensor : tensors) {
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException("tensor '" + tensor.name() + "': given twice");
      }
      if (!used.contains(tensor.name())) {
        throw new IllegalArgumentException(
            "tensor '%s': no node uses it; used: %s".formatted(tensor.name(), used));
      }
    }
    graph.infer(shapes(tensors));
  }

  /** Shapes of the tensors by name. */
  public Map<String, List<Integer>> shapes() {
    return shapes(tensors);
  }

  private static Map<String, List<Integer>> shapes(List<StoredTensor> tensors) {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    tensors.forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
    return shapes;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Small rewrites: nodes and tensors that nobody needs, a reshape of a reshape, relu then minimum.
 */
final class Tidy {

  private Tidy() {}

  /** Keeps what leads to an output, and the tensors that it reads. */
  static Draft removeDead(Draft draft) {
    Set<String> needed = new HashSet<>();
    draft.outputs().forEach(output -> needed.add(output.name()));
    List<Node> kept = new ArrayList<>();
    for (int i = draft.nodes().size() - 1; i >= 0; i--) {
      Node node = draft.nodes().get(i);
      if (needed.contains(node.output())) {
        kept.add(node);
        needed.addAll(node.inputs());
      }
    }
    Collections.reverse(kept);
    Map<String, Weight> weights = new LinkedHashMap<>();
    for (Node node : kept) {
      node.op().tensors().forEach(name -> weights.put(name, draft.weight(name)));
    }
    return draft.with(kept, weights);
  }

  /** A reshape reads through reshapes; {@code min(relu(x), c)} is one clip. */
  static Draft mergePairs(Draft draft) {
    Map<String, Node> producers = draft.producers();
    List<Node> nodes = draft.nodes().stream().map(node -> merged(node, producers)).toList();
    return draft.with(nodes, draft.weights());
  }

  private static Node merged(Node node, Map<String, Node> producers) {
    Node before = node.inputs().isEmpty() ? null : producers.get(node.inputs().get(0));
    if (before == null) {
      return node;
    }
    if (node.op() instanceof Op.Reshape && before.op() instanceof Op.Reshape) {
      return new Node(node.output(), node.op(), before.inputs(), node.layer());
    }
    if (node.op() instanceof Op.BinaryScalar scalar
        && scalar.op() == BinaryOp.MIN
        && scalar.value() >= 0
        && before.op() instanceof Op.Unary unary
        && unary.op() == UnaryOp.RELU) {
      Op clip = new Op.Unary(UnaryOp.CLIP, 0, scalar.value());
      return new Node(node.output(), clip, before.inputs(), node.layer());
    }
    return node;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Port;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A lowered model while it is being simplified: graph and weights. Immutable; a rewrite makes a new
 * one.
 */
record Draft(List<Port> inputs, List<Node> nodes, List<Port> outputs, Map<String, Weight> weights) {

  Draft {
    inputs = List.copyOf(inputs);
    nodes = List.copyOf(nodes);
    outputs = List.copyOf(outputs);
    weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
  }

  Draft with(List<Node> newNodes, Map<String, Weight> newWeights) {
    return new Draft(inputs, newNodes, outputs, newWeights);
  }

  /** Applies rewrites until none changes anything. */
  Draft simplified(List<UnaryOperator<Draft>> rewrites) {
    Draft before;
    Draft now = this;
    do {
      before = now;
      for (UnaryOperator<Draft> rewrite : rewrites) {
        now = rewrite.apply(now);
      }
    } while (!now.nodes.equals(before.nodes));
    return now;
  }

  ModelGraph graph() {
    return new ModelGraph(inputs, nodes, outputs);
  }

  Weight weight(String name) {
    Weight weight = weights.get(name);
    if (weight == null) {
      throw new IllegalStateException("no tensor " + name);
    }
    return weight;
  }

  /** Nodes by the value that they define. */
  Map<String, Node> producers() {
    Map<String, Node> producers = new HashMap<>();
    nodes.forEach(node -> producers.put(node.output(), node));
    return producers;
  }

  /** How often each value is read, by nodes and as an output. */
  Map<String, Integer> uses() {
    Map<String, Integer> uses = new HashMap<>();
    nodes.forEach(node -> node.inputs().forEach(input -> uses.merge(input, 1, Integer::sum)));
    outputs.forEach(output -> uses.merge(output.name(), 1, Integer::sum));
    return uses;
  }

  /** How many nodes read each stored tensor. */
  Map<String, Integer> tensorUses() {
    Map<String, Integer> uses = new HashMap<>();
    nodes.forEach(node -> node.op().tensors().forEach(t -> uses.merge(t, 1, Integer::sum)));
    return uses;
  }
}

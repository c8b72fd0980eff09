// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Lets a linear layer or convolution apply the activation behind it, if nobody else reads it. */
final class FuseActivation {

  private FuseActivation() {}

  static Draft apply(Draft draft) {
    Map<String, Integer> uses = draft.uses();
    Map<String, Node> fused = new HashMap<>(); // by the value of the activation
    List<String> gone = new ArrayList<>();
    Map<String, Node> producers = draft.producers();
    for (Node node : draft.nodes()) {
      Activation activation = node.op() instanceof Op.Unary unary ? activation(unary.op()) : null;
      Node layer = activation == null ? null : producers.get(node.inputs().get(0));
      if (activation == null || layer == null || uses.getOrDefault(layer.output(), 0) != 1) {
        continue;
      }
      Op with = with(layer.op(), activation);
      if (with != null) {
        fused.put(node.output(), new Node(node.output(), with, layer.inputs(), layer.layer()));
        gone.add(layer.output());
      }
    }
    List<Node> nodes =
        draft.nodes().stream()
            .filter(node -> !gone.contains(node.output()))
            .map(node -> fused.getOrDefault(node.output(), node))
            .toList();
    return draft.with(nodes, draft.weights());
  }

  private static @Nullable Op with(Op op, Activation activation) {
    if (op instanceof Op.Linear linear && linear.activation() == Activation.NONE) {
      return new Op.Linear(linear.weight(), linear.bias(), activation);
    }
    if (op instanceof Op.Conv2d conv && conv.activation() == Activation.NONE) {
      return new Op.Conv2d(conv.weight(), conv.bias(), activation, conv.shape());
    }
    return null;
  }

  private static @Nullable Activation activation(UnaryOp op) {
    return switch (op) {
      case RELU -> Activation.RELU;
      case GELU -> Activation.GELU;
      case GELU_TANH -> Activation.GELU_TANH;
      case SILU -> Activation.SILU;
      case SIGMOID -> Activation.SIGMOID;
      case TANH -> Activation.TANH;
      default -> null;
    };
  }
}

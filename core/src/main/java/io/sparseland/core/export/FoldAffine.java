// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.ValueType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Folds a scale and shift per output (a batch norm, or a product or sum with a constant vector)
 * into the linear layer or convolution before it: {@code (W x + b) * s + t = (s W) x + (s b + t)},
 * row by row, in fp64, rounded once. The mask stays: a kept weight stays kept even where its row is
 * scaled by 0.
 *
 * <p>Only where nobody else reads the layer's output or its weight.
 */
final class FoldAffine {

  private FoldAffine() {}

  /** Scale and shift by output; null for none. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
  private record Affine(float @Nullable [] scale, float @Nullable [] shift, String source) {}

  static Draft apply(Draft draft) {
    Draft now = draft;
    for (Optional<Draft> next = once(now); next.isPresent(); next = once(now)) {
      now = next.get();
    }
    return now;
  }

  private static Optional<Draft> once(Draft draft) {
    Map<String, Node> producers = draft.producers();
    Map<String, Integer> uses = draft.uses();
    Map<String, Integer> tensorUses = draft.tensorUses();
    for (Node node : draft.nodes()) {
      for (String input : node.inputs()) {
        Node layer = producers.get(input);
        if (layer == null
            || uses.getOrDefault(input, 0) != 1
            || !isPlain(layer.op())
            || tensorUses.getOrDefault(layer.op().tensors().get(0), 0) != 1) {
          continue;
        }
        Affine affine = affine(draft, node, input, layer, producers);
        if (affine != null) {
          return Optional.of(fold(draft, layer, node, affine));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isPlain(Op op) {
    return (op instanceof Op.Linear linear && linear.activation() == Activation.NONE)
        || (op instanceof Op.Conv2d conv && conv.activation() == Activation.NONE);
  }

  private static @Nullable Affine affine(
      Draft draft, Node node, String input, Node layer, Map<String, Node> producers) {
    int rows = draft.weight(layer.op().tensors().get(0)).rows();
    boolean linear = layer.op() instanceof Op.Linear;
    if (node.op() instanceof Op.ChannelAffine affine) {
      return linear && rank(draft, input) != 2
          ? null
          : new Affine(
              draft.weight(affine.scale()).values(),
              draft.weight(affine.shift()).values(),
              affine.shift());
    }
    if (!(node.op() instanceof Op.Binary binary) || node.inputs().size() != 2) {
      return null;
    }
    String other = node.inputs().get(node.inputs().get(0).equals(input) ? 1 : 0);
    Node constant = producers.get(other);
    if (constant == null || !(constant.op() instanceof Op.Constant tensor)) {
      return null;
    }
    Weight vector = draft.weight(tensor.tensor());
    if (!isAlongOutputs(vector.shape(), rows, linear ? 0 : 2)) {
      return null;
    }
    return switch (binary.op()) {
      case MUL -> new Affine(vector.values(), null, vector.name());
      case ADD -> new Affine(null, vector.values(), vector.name());
      default -> null;
    };
  }

  /** Whether a shape is [rows, 1 x behind], so that it broadcasts along the outputs. */
  private static boolean isAlongOutputs(List<Integer> shape, int rows, int behind) {
    List<Integer> wanted = new ArrayList<>(List.of(rows));
    for (int i = 0; i < behind; i++) {
      wanted.add(1);
    }
    return shape.equals(wanted);
  }

  private static int rank(Draft draft, String value) {
    ValueType type =
        draft
            .graph()
            .infer(
                draft.weights().values().stream()
                    .collect(Collectors.toMap(Weight::name, Weight::shape)))
            .get(value);
    return type == null ? -1 : type.rank();
  }

  private static Draft fold(Draft draft, Node layer, Node node, Affine affine) {
    Map<String, Weight> weights = new LinkedHashMap<>(draft.weights());
    Weight weight = draft.weight(layer.op().tensors().get(0));
    int rows = weight.rows();
    float[] values = weight.values().clone();
    if (affine.scale() != null) {
      int width = values.length / rows;
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) ((double) values[i] * affine.scale()[i / width]);
      }
    }
    weights.put(weight.name(), weight.withValues(values));
    Optional<String> oldBias = bias(layer.op());
    float[] bias = new float[rows];
    for (int i = 0; i < rows; i++) {
      double sum = oldBias.isEmpty() ? 0 : draft.weight(oldBias.get()).values()[i];
      sum *= affine.scale() == null ? 1 : affine.scale()[i];
      bias[i] = (float) (sum + (affine.shift() == null ? 0 : affine.shift()[i]));
    }
    String name = biasName(draft, weight, oldBias);
    weights.put(name, new Weight(name, List.of(rows), bias, weight.layer(), null));
    List<Node> nodes = new ArrayList<>(draft.nodes());
    nodes.set(
        nodes.indexOf(node),
        new Node(node.output(), withBias(layer.op(), name), layer.inputs(), layer.layer()));
    nodes.remove(layer);
    return draft.with(nodes, weights);
  }

  private static String biasName(Draft draft, Weight weight, Optional<String> old) {
    if (old.isPresent() && draft.tensorUses().getOrDefault(old.get(), 0) == 1) {
      return old.get();
    }
    String name = old.orElse(weight.layer() + ".bias");
    while (draft.weights().containsKey(name)) {
      name += ".folded";
    }
    return name;
  }

  private static Optional<String> bias(Op op) {
    return op instanceof Op.Linear linear ? linear.bias() : ((Op.Conv2d) op).bias();
  }

  private static Op withBias(Op op, String bias) {
    if (op instanceof Op.Linear linear) {
      return new Op.Linear(linear.weight(), Optional.of(bias), linear.activation());
    }
    Op.Conv2d conv = (Op.Conv2d) op;
    return new Op.Conv2d(conv.weight(), Optional.of(bias), conv.activation(), conv.shape());
  }
}

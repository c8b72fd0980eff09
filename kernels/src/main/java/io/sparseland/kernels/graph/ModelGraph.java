// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A model as operations over named values. Every value is defined once, before it is used; every
 * symbol stands alone in a dimension of an input, so that the inputs of a call bind it.
 *
 * @param inputs values that the caller gives
 * @param nodes operations, in an order in which they can run
 * @param outputs values that the caller gets, at least one
 */
public record ModelGraph(List<Port> inputs, List<Node> nodes, List<Port> outputs) {

  /** Largest number of dimensions of a value. */
  public static final int MAX_RANK = 8;

  /**
   * Copies the lists and checks the structure.
   *
   * @throws IllegalArgumentException naming the node, what was found and what is allowed
   */
  public ModelGraph {
    inputs = List.copyOf(inputs);
    nodes = List.copyOf(nodes);
    outputs = List.copyOf(outputs);
    Set<String> defined = new HashSet<>();
    Set<String> symbols = new TreeSet<>();
    for (Port input : inputs) {
      String where = "input '" + input.name() + "'";
      define(where, input.name(), defined);
      checkRank(where, input.shape());
      input.shape().stream().filter(Size::isSymbol).forEach(s -> symbols.addAll(s.symbols()));
    }
    for (Port input : inputs) {
      checkSymbols("input '" + input.name() + "'", input.shape(), symbols);
    }
    for (Node node : nodes) {
      check(node, defined, symbols);
    }
    checkOutputs(outputs, defined, symbols);
  }

  /** The symbols that the inputs bind, sorted. */
  public Set<String> symbols() {
    Set<String> symbols = new TreeSet<>();
    for (Port input : inputs) {
      input.shape().forEach(size -> symbols.addAll(size.symbols()));
    }
    return symbols;
  }

  /** Names of the stored tensors that nodes read, in order of first use. */
  public Set<String> tensors() {
    Set<String> names = new LinkedHashSet<>();
    nodes.forEach(node -> names.addAll(node.op().tensors()));
    return names;
  }

  /**
   * Types of all values with symbolic sizes. A value is left out where its shape cannot be told
   * without values for the symbols (a convolution over a symbolic height, and what depends on it).
   *
   * @param tensorShapes shapes of the stored tensors by name
   * @throws IllegalArgumentException if shapes or types do not fit, naming node and operation
   */
  public Map<String, ValueType> infer(Map<String, List<Integer>> tensorShapes) {
    return infer(tensorShapes, null);
  }

  /**
   * Types of all values for given symbols: every size is a constant of at least 1.
   *
   * @param tensorShapes shapes of the stored tensors by name
   * @param symbols value of each of {@link #symbols()}
   * @throws IllegalArgumentException if shapes or types do not fit, naming node and operation
   */
  public Map<String, ValueType> infer(
      Map<String, List<Integer>> tensorShapes, @Nullable Map<String, Long> symbols) {
    ShapeRules rules = new ShapeRules(tensorShapes, symbols);
    Map<String, ValueType> types = new LinkedHashMap<>();
    for (Port input : inputs) {
      types.put(input.name(), rules.port("input", input));
    }
    for (Node node : nodes) {
      List<ValueType> arguments =
          node.inputs().stream().filter(types::containsKey).map(types::get).toList();
      if (arguments.size() == node.inputs().size()) {
        rules.node(node, arguments).ifPresent(type -> types.put(node.output(), type));
      }
    }
    for (Port output : outputs) {
      ValueType declared = rules.port("output", output);
      ValueType found = types.get(output.name());
      if (found != null && !found.equals(declared)) {
        throw new IllegalArgumentException(
            "output '%s': declared as %s, but the graph gives %s"
                .formatted(output.name(), declared, found));
      }
    }
    return types;
  }

  private static void check(Node node, Set<String> defined, Set<String> symbols) {
    if (!node.op().takes(node.inputs().size())) {
      throw new IllegalArgumentException(
          "%s: %d inputs %s; allowed for this operation: %s"
              .formatted(
                  node,
                  node.inputs().size(),
                  node.inputs(),
                  node.op().takes(0)
                      ? "none"
                      : node.op().takes(1) ? (node.op().takes(2) ? "1 or more" : "1") : "2"));
    }
    for (String input : node.inputs()) {
      if (!defined.contains(input)) {
        throw new IllegalArgumentException(
            "%s: input '%s' is not defined before it; allowed: an input of the graph or the output"
                    .formatted(node, input)
                + " of an earlier node");
      }
    }
    for (String tensor : node.op().tensors()) {
      if (tensor.isEmpty()) {
        throw new IllegalArgumentException(node + ": empty tensor name");
      }
    }
    if (node.op() instanceof Op.Reshape reshape) {
      checkRank(node.toString(), reshape.shape());
      checkSymbols(node.toString(), reshape.shape(), symbols);
    } else if (node.op() instanceof Op.Slice slice) {
      checkSymbols(node.toString(), List.of(slice.begin(), slice.end()), symbols);
    }
    define(node.toString(), node.output(), defined);
  }

  private static void checkOutputs(List<Port> outputs, Set<String> defined, Set<String> symbols) {
    if (outputs.isEmpty()) {
      throw new IllegalArgumentException("graph without outputs; allowed: at least one");
    }
    Set<String> seen = new HashSet<>();
    for (Port output : outputs) {
      String where = "output '" + output.name() + "'";
      if (!defined.contains(output.name())) {
        throw new IllegalArgumentException(where + ": no input and no node defines it");
      }
      if (!seen.add(output.name())) {
        throw new IllegalArgumentException(where + ": named twice");
      }
      checkRank(where, output.shape());
      checkSymbols(where, output.shape(), symbols);
    }
  }

  private static void define(String where, String name, Set<String> defined) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException(where + ": empty name");
    }
    if (!defined.add(name)) {
      throw new IllegalArgumentException(where + ": '" + name + "' is defined twice");
    }
  }

  private static void checkRank(String where, List<Size> shape) {
    if (shape.size() > MAX_RANK) {
      throw new IllegalArgumentException(
          "%s: %d dimensions; allowed: at most %d".formatted(where, shape.size(), MAX_RANK));
    }
  }

  private static void checkSymbols(String where, List<Size> sizes, Set<String> symbols) {
    for (Size size : sizes) {
      if (!symbols.containsAll(size.symbols())) {
        throw new IllegalArgumentException(
            "%s: size '%s' uses a symbol that no input binds; bound (alone in a dimension): %s"
                .formatted(where, size, symbols));
      }
    }
  }
}

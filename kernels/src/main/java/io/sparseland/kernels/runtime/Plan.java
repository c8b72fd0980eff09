// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.ValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How a graph runs for one binding of its symbols: the steps, and where each value lies in one
 * block of memory shared by lifetime. Values nobody needs are not computed; element-wise results
 * replace their input when it is not needed any more; reshapes are views. Immutable.
 */
final class Plan {

  private static final int END = Integer.MAX_VALUE;
  private static final int NOT_OURS = -1; // memory of the caller or of the weights

  private final List<Steps.Step> steps = new ArrayList<>();
  private final List<Placed> placed = new ArrayList<>();
  private final Map<String, Integer> places = new HashMap<>(); // value name to index of value
  private final Map<String, ValueType> types;
  private final int inputs;
  private final int[] outputs;
  private final boolean[] transientValue;
  private final long bytes;

  // Only while planning: the buffer that each value lies in, and each buffer's life.
  private final Map<String, Integer> bufferOf = new HashMap<>();
  private final List<MemoryPlan.Buffer> buffers = new ArrayList<>();

  /** A value in the block of memory; its type has constant sizes. */
  record Placed(int value, int offset, ValueType type) {}

  /**
   * Plans a graph.
   *
   * @param types type of every value with constant sizes
   * @param make makes the calls of kernels
   */
  Plan(ModelGraph graph, Map<String, ValueType> types, Steps make) {
    this.types = types;
    this.inputs = graph.inputs().size();
    List<Node> nodes = live(graph);
    graph.inputs().forEach(port -> place(port.name()));
    graph.inputs().forEach(port -> bufferOf.put(port.name(), NOT_OURS));
    nodes.forEach(node -> place(node.output()));
    assign(nodes, lastUses(graph, nodes));
    MemoryPlan memory = MemoryPlan.of(buffers);
    bytes = memory.bytes();
    if (bytes > Integer.MAX_VALUE - MemoryPlan.ALIGNMENT) {
      throw new IllegalArgumentException(
          "the inputs need %d bytes of buffers; allowed: less than 2 GiB; use a smaller batch"
              .formatted(bytes));
    }
    transientValue = new boolean[places.size()];
    Arrays.fill(transientValue, true);
    for (Node node : nodes) {
      int buffer = bufferOf.getOrDefault(node.output(), NOT_OURS);
      int value = place(node.output());
      if (buffer != NOT_OURS) {
        placed.add(new Placed(value, (int) memory.offset(buffer), type(node.output())));
        transientValue[value] = false;
      }
      if (buffer == NOT_OURS || !Steps.isView(node.op())) {
        int[] in = node.inputs().stream().mapToInt(this::place).toArray();
        steps.add(make.of(node.op(), in, value, type(node.output())));
      }
    }
    outputs = graph.outputs().stream().map(Port::name).mapToInt(this::place).toArray();
  }

  List<Steps.Step> steps() {
    return steps;
  }

  List<Placed> buffers() {
    return placed;
  }

  /** Number of values; the inputs of the graph come first. */
  int values() {
    return places.size();
  }

  /** Places of the outputs of the graph among the values. */
  int[] outputs() {
    return outputs;
  }

  /** Size of the block of memory. */
  long bytes() {
    return bytes;
  }

  /** Drops references to memory of the caller. */
  void forget(Tensor[] values) {
    for (int i = 0; i < values.length; i++) {
      if (transientValue[i]) {
        values[i] = null;
      }
    }
  }

  private static List<Node> live(ModelGraph graph) {
    Set<String> needed = new HashSet<>();
    graph.outputs().forEach(port -> needed.add(port.name()));
    List<Node> live = new ArrayList<>();
    for (int i = graph.nodes().size() - 1; i >= 0; i--) {
      Node node = graph.nodes().get(i);
      if (needed.contains(node.output())) {
        needed.addAll(node.inputs());
        live.add(0, node);
      }
    }
    return live;
  }

  /** For each value the last node that reads it, itself or through views; outputs never end. */
  private static Map<String, Integer> lastUses(ModelGraph graph, List<Node> nodes) {
    Map<String, Integer> last = new HashMap<>();
    graph.outputs().forEach(port -> last.put(port.name(), END));
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      int use = Steps.isView(node.op()) ? last.getOrDefault(node.output(), i) : i;
      node.inputs().forEach(input -> last.merge(input, use, Math::max));
    }
    return last;
  }

  private void assign(List<Node> nodes, Map<String, Integer> lastUses) {
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      int last = Math.max(i, lastUses.getOrDefault(node.output(), i));
      int reused =
          Steps.isView(node.op())
              ? viewed(node)
              : Steps.inPlace(node.op()) ? replaced(node, i) : NOT_OURS;
      if (reused != NOT_OURS) {
        MemoryPlan.Buffer old = buffers.get(reused);
        buffers.set(
            reused, new MemoryPlan.Buffer(old.bytes(), old.first(), Math.max(old.last(), last)));
        bufferOf.put(node.output(), reused);
      } else if (Steps.isView(node.op())) {
        bufferOf.put(node.output(), NOT_OURS);
      } else {
        ValueType type = type(node.output());
        long size = Math.multiplyExact(type.elements().constant(), type.type().bytes());
        bufferOf.put(node.output(), buffers.size());
        buffers.add(new MemoryPlan.Buffer(size, i, last));
      }
    }
  }

  private int viewed(Node node) {
    return node.inputs().isEmpty()
        ? NOT_OURS
        : bufferOf.getOrDefault(node.inputs().get(0), NOT_OURS);
  }

  /** A buffer of an input with the output's shape that nobody reads after node i. */
  private int replaced(Node node, int i) {
    ValueType type = type(node.output());
    for (String input : node.inputs()) {
      int buffer = bufferOf.getOrDefault(input, NOT_OURS);
      if (buffer != NOT_OURS
          && buffers.get(buffer).last() == i
          && type(input).equals(type)
          && node.inputs().stream()
              .allMatch(
                  other ->
                      bufferOf.getOrDefault(other, NOT_OURS) != buffer
                          || type(other).equals(type))) {
        return buffer;
      }
    }
    return NOT_OURS;
  }

  private int place(String name) {
    return places.computeIfAbsent(name, key -> places.size());
  }

  private ValueType type(String name) {
    ValueType type = types.get(name);
    if (type == null) {
      throw new IllegalStateException("value '" + name + "' has no type");
    }
    return type;
  }

  @Override
  public String toString() {
    return "%d steps, %d inputs, %d values, %d bytes, outputs %s"
        .formatted(steps.size(), inputs, values(), bytes, IntStream.of(outputs).boxed().toList());
  }
}

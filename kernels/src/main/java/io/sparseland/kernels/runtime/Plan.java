// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.Layout;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.ValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private final List<String> labels = new ArrayList<>();
  private final Program program;
  private final int inputs;
  private final int[] outputs;
  private final boolean[] transientValue;
  private final long bytes;

  // Only while planning: the buffer that each value lies in, and each buffer's life.
  private final Map<String, Integer> bufferOf = new HashMap<>();
  private final List<MemoryPlan.Buffer> buffers = new ArrayList<>();

  /** A value in the block of memory; its type has constant sizes. */
  record Placed(int value, int offset, ValueType type, Layout layout) {}

  /**
   * Plans a graph.
   *
   * @param types type of every value with constant sizes
   * @param make makes the calls of kernels
   * @param panels whether values may lie in panels
   */
  Plan(ModelGraph graph, Map<String, ValueType> types, Steps make, boolean panels) {
    Program rows = Program.rows(graph, types);
    program = panels ? rows.in(new PanelChoice(rows, make::sparse)) : rows;
    inputs = graph.inputs().size();
    graph.inputs().forEach(port -> place(port.name()));
    graph.inputs().forEach(port -> bufferOf.put(port.name(), NOT_OURS));
    List<Work> works = program.works();
    works.forEach(work -> place(work.output()));
    assign(works, lastUses(works));
    MemoryPlan memory = MemoryPlan.of(buffers);
    bytes = memory.bytes();
    if (bytes > Integer.MAX_VALUE - MemoryPlan.ALIGNMENT) {
      throw new IllegalArgumentException(
          "the inputs need %d bytes of buffers; allowed: less than 2 GiB; use a smaller batch"
              .formatted(bytes));
    }
    transientValue = new boolean[places.size()];
    Arrays.fill(transientValue, true);
    for (Work work : works) {
      String name = work.output();
      int buffer = bufferOf.getOrDefault(name, NOT_OURS);
      int value = place(name);
      if (buffer != NOT_OURS) {
        int offset = (int) memory.offset(buffer);
        placed.add(new Placed(value, offset, program.type(name), program.layout(name)));
        transientValue[value] = false;
      }
      if (buffer == NOT_OURS || !work.isView()) {
        int[] in = work.inputs().stream().mapToInt(this::place).toArray();
        steps.add(make.of(work, in, value, program.type(name)));
        labels.add(work.label() + " " + program.type(name) + " " + program.layout(name));
      }
    }
    outputs = program.outputs().stream().mapToInt(this::place).toArray();
  }

  List<Steps.Step> steps() {
    return steps;
  }

  /** What each step is called in a profile. */
  List<String> labels() {
    return labels;
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

  /** For each value the last call that reads it, itself or through views; outputs never end. */
  private Map<String, Integer> lastUses(List<Work> works) {
    Map<String, Integer> last = new HashMap<>();
    program.outputs().forEach(name -> last.put(name, END));
    for (int i = works.size() - 1; i >= 0; i--) {
      Work work = works.get(i);
      int use = work.isView() ? last.getOrDefault(work.output(), i) : i;
      work.inputs().forEach(input -> last.merge(input, use, Math::max));
    }
    return last;
  }

  private void assign(List<Work> works, Map<String, Integer> lastUses) {
    for (int i = 0; i < works.size(); i++) {
      Work work = works.get(i);
      int last = Math.max(i, lastUses.getOrDefault(work.output(), i));
      int reused = work.isView() ? viewed(work) : work.inPlace() ? replaced(work, i) : NOT_OURS;
      if (reused != NOT_OURS) {
        MemoryPlan.Buffer old = buffers.get(reused);
        buffers.set(
            reused, new MemoryPlan.Buffer(old.bytes(), old.first(), Math.max(old.last(), last)));
        bufferOf.put(work.output(), reused);
      } else if (work.isView()) {
        bufferOf.put(work.output(), NOT_OURS);
      } else {
        ValueType type = program.type(work.output());
        int size = Tensor.bytes(program.layout(work.output()), type.type(), type.at(Map.of()));
        bufferOf.put(work.output(), buffers.size());
        buffers.add(new MemoryPlan.Buffer(size, i, last));
      }
    }
  }

  private int viewed(Work work) {
    return work.inputs().isEmpty()
        ? NOT_OURS
        : bufferOf.getOrDefault(work.inputs().get(0), NOT_OURS);
  }

  /** A buffer of an input with the output's shape and layout that nobody reads after call i. */
  private int replaced(Work work, int i) {
    for (String input : work.inputs()) {
      int buffer = bufferOf.getOrDefault(input, NOT_OURS);
      if (buffer != NOT_OURS
          && buffers.get(buffer).last() == i
          && isLike(input, work.output())
          && work.inputs().stream()
              .allMatch(
                  other ->
                      bufferOf.getOrDefault(other, NOT_OURS) != buffer
                          || isLike(other, work.output()))) {
        return buffer;
      }
    }
    return NOT_OURS;
  }

  private boolean isLike(String a, String b) {
    return program.type(a).equals(program.type(b)) && program.layout(a) == program.layout(b);
  }

  private int place(String name) {
    return places.computeIfAbsent(name, key -> places.size());
  }

  @Override
  public String toString() {
    return "%d steps, %d inputs, %d values, %d bytes, outputs %s"
        .formatted(steps.size(), inputs, values(), bytes, IntStream.of(outputs).boxed().toList());
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.export.Operand.Stored;
import io.sparseland.core.export.Operand.Value;
import io.sparseland.core.graph.Argument;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.InputSpec;
import io.sparseland.core.graph.NamedParameter;
import io.sparseland.core.graph.Operation;
import io.sparseland.core.graph.Reference;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Port;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns a traced graph into the runtime's operations, in one walk: what depends on no input is
 * computed now ({@link Constants}), everything else goes through the table of {@link Rules}.
 *
 * <p>An operation in place gives its target a new value; whoever reads the target later reads that.
 */
final class Lowering {

  private final Graph graph;
  private final Constants constants;
  private final NDManager manager;
  private final Emitter emitter;
  private final Map<Reference, Operand> operands = new HashMap<>();

  private Lowering(Graph graph, Map<String, MaskedLayer> masked, NDManager manager) {
    this.graph = graph;
    this.manager = manager;
    constants = new Constants(manager);
    Map<String, String> layers = new HashMap<>();
    graph.parameters().forEach(p -> layers.put(p.name(), p.layer()));
    emitter = new Emitter(layers, masked);
  }

  /**
   * Lowers a graph.
   *
   * @param masked layers with a mask by dotted parameter name
   * @param manager owner of the arrays that are computed on the way
   * @throws ExportException naming layer and operation if it has one that the runtime lacks
   */
  static Draft lower(Graph graph, Map<String, MaskedLayer> masked, NDManager manager) {
    return new Lowering(graph, masked, manager).run();
  }

  private Draft run() {
    List<Port> inputs = new ArrayList<>();
    for (int i = 0; i < graph.inputs().size(); i++) {
      InputSpec input = graph.inputs().get(i);
      ElementType type = elementType(input);
      inputs.add(new Port(input.name(), type, input.shape()));
      operands.put(
          new Argument.Input(i),
          new Value(input.name(), input.shape(), type != ElementType.FLOAT32));
    }
    graph.operations().forEach(this::lower);
    return outputs(inputs);
  }

  private void lower(Operation operation) {
    List<Operand> results;
    if (operation.references().stream().allMatch(r -> operand(r) instanceof Stored)) {
      results = constant(operation);
    } else {
      results = byRule(operation);
    }
    for (int i = 0; i < results.size(); i++) {
      operands.put(new Argument.Result(operation.id(), i), results.get(i));
    }
    if (operation.mutates() && operation.target() instanceof Reference target) {
      operands.put(target, results.get(0));
    }
  }

  private List<Operand> constant(Operation operation) {
    if (!Constants.canCompute(operation)) {
      return byRule(operation);
    }
    return constants.compute(operation, reference -> ((Stored) operand(reference)).array());
  }

  private List<Operand> byRule(Operation operation) {
    Rule rule = operation.target() instanceof Reference ? Rules.find(operation.name()) : null;
    if (rule == null) {
      throw Call.refusal(
          operation, "the runtime has no such operation; it has those for " + Rules.names());
    }
    try {
      return rule.lower(new Call(operation, this::operand, emitter));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw Call.refusal(operation, e);
    }
  }

  private Operand operand(Reference reference) {
    Operand known = operands.get(reference);
    if (known != null) {
      return known;
    }
    Operand stored;
    if (reference instanceof Argument.ParameterRef parameter) {
      NamedParameter named = graph.parameter(parameter.name());
      stored = new Stored(named.name(), named.parameter().getArray());
    } else if (reference instanceof Argument.Constant constant) {
      stored = new Stored("", constant.value().toArray(manager));
    } else {
      throw new IllegalStateException("no value for " + reference);
    }
    operands.put(reference, stored);
    return stored;
  }

  /**
   * Names the outputs; one that is an input, a constant or given twice becomes a value of its own.
   */
  private Draft outputs(List<Port> inputs) {
    List<Node> nodes = emitter.nodes();
    Map<String, String> names = new LinkedHashMap<>();
    List<Port> outputs = new ArrayList<>();
    for (int i = 0; i < graph.outputs().size(); i++) {
      Operand operand = operand(graph.outputs().get(i));
      if (operand instanceof Stored stored) {
        Op constant = new Op.Constant(emitter.store(stored));
        operand = emitter.emit(constant, List.of(), stored.shape(), "");
      }
      Value value = (Value) operand;
      if (value.integral()) {
        throw new ExportException("output " + i + " holds integers; allowed: outputs of FLOAT32");
      }
      String name = value.name();
      if (names.containsKey(name) || inputs.stream().anyMatch(port -> port.name().equals(name))) {
        value =
            emitter.emit(new Op.Unary(UnaryOp.IDENTITY, 0, 0), List.of(value), value.shape(), "");
      }
      String output = graph.outputs().size() == 1 ? "output" : "output." + i;
      names.put(value.name(), output);
      outputs.add(new Port(output, ElementType.FLOAT32, value.shape()));
    }
    List<Node> renamed = nodes.stream().map(node -> rename(node, names)).toList();
    return new Draft(inputs, renamed, outputs, emitter.weights());
  }

  private static Node rename(Node node, Map<String, String> names) {
    return new Node(
        names.getOrDefault(node.output(), node.output()),
        node.op(),
        node.inputs().stream().map(name -> names.getOrDefault(name, name)).toList(),
        node.layer());
  }

  private static ElementType elementType(InputSpec input) {
    if (input.type() == DataType.FLOAT32) {
      return ElementType.FLOAT32;
    } else if (input.type() == DataType.INT32) {
      return ElementType.INT32;
    } else if (input.type() == DataType.INT64) {
      return ElementType.INT64;
    }
    throw new ExportException(
        "input '%s' is %s; allowed: FLOAT32, INT32, INT64".formatted(input.name(), input.type()));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The operations of a block, traced; parameters by dotted names; sizes symbolic.
 *
 * <p>Holds the block's live parameters and copies of its constants; nothing to close.
 */
public final class Graph {

  /** Operations in order, and what is returned. */
  record Body(List<Operation> operations, List<Reference> outputs) {}

  private final List<InputSpec> inputs;
  private final Map<String, NamedParameter> parameters;
  private final Body inference;
  private final Body training;
  private final Optional<String> trainingRefusal;

  Graph(
      List<InputSpec> inputs,
      List<NamedParameter> parameters,
      Body inference,
      Body training,
      Optional<String> trainingRefusal) {
    this.inputs = List.copyOf(inputs);
    this.parameters = new LinkedHashMap<>();
    parameters.forEach(p -> this.parameters.put(p.name(), p));
    this.inference = inference;
    this.training = training;
    this.trainingRefusal = trainingRefusal;
  }

  /** Inputs in order. */
  public List<InputSpec> inputs() {
    return inputs;
  }

  /** Operations of inference in the order they run; ids are indices. */
  public List<Operation> operations() {
    return inference.operations();
  }

  /** What inference returns. */
  public List<Reference> outputs() {
    return inference.outputs();
  }

  /**
   * Operations of training: the same list as {@link #operations()} unless the block runs others.
   *
   * @throws IllegalStateException when the block cannot be traced in training
   */
  public List<Operation> trainingOperations() {
    return body(true).operations();
  }

  /** All parameters of the block, also those no operation uses, in the block's order. */
  public List<NamedParameter> parameters() {
    return List.copyOf(parameters.values());
  }

  /**
   * A parameter by its dotted name.
   *
   * @throws IllegalArgumentException when there is none
   */
  public NamedParameter parameter(String name) {
    NamedParameter found = parameters.get(name);
    if (found == null) {
      throw new IllegalArgumentException(
          "no parameter '" + name + "'; known: " + parameters.keySet());
    }
    return found;
  }

  /** The symbols its inputs' sizes depend on. */
  public Set<String> symbols() {
    return inputs.stream()
        .flatMap(i -> i.shape().stream())
        .flatMap(s -> s.symbols().stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The shape of an array of inference. */
  public List<Size> shape(Reference reference) {
    if (reference instanceof Argument.Input input) {
      return inputs.get(input.index()).shape();
    }
    if (reference instanceof Argument.Result result) {
      return operations().get(result.operation()).resultShapes().get(result.index());
    }
    Shape shape =
        reference instanceof Argument.ParameterRef p
            ? parameter(p.name()).parameter().getShape()
            : ((Argument.Constant) reference).value().shape();
    return Arrays.stream(shape.getShape()).mapToObj(Size::of).toList();
  }

  /**
   * The value of each symbol for given input shapes.
   *
   * @throws IllegalArgumentException naming the input, what was found and what is allowed
   */
  public Map<String, Long> bind(List<Shape> shapes) {
    if (shapes.size() != inputs.size()) {
      throw new IllegalArgumentException(
          "expected %d inputs %s, found %d"
              .formatted(
                  inputs.size(), inputs.stream().map(InputSpec::name).toList(), shapes.size()));
    }
    Map<String, Long> symbols = new LinkedHashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      bind(inputs.get(i), shapes.get(i), symbols);
    }
    return symbols;
  }

  private static void bind(InputSpec input, Shape shape, Map<String, Long> symbols) {
    boolean fits = shape.dimension() == input.shape().size();
    for (int d = 0; fits && d < shape.dimension(); d++) {
      Size size = input.shape().get(d);
      if (size.isConstant()) {
        fits = size.at(Map.of()) == shape.get(d);
      } else {
        Long before = symbols.putIfAbsent(size.symbols().iterator().next(), shape.get(d));
        fits = before == null || before == shape.get(d);
      }
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "input '%s' has shape %s, allowed: %s%s"
              .formatted(
                  input.name(), shape, input.shape(), symbols.isEmpty() ? "" : " with " + symbols));
    }
  }

  /** Shapes at given symbol values. */
  static Shape at(List<Size> sizes, Map<String, Long> symbols) {
    return new Shape(sizes.stream().mapToLong(s -> s.at(symbols)).toArray());
  }

  /** Whether training runs the same operations as inference. */
  public boolean sameInTraining() {
    return training.equals(inference) && trainingRefusal.isEmpty();
  }

  /** Why the block cannot be traced in training, if so. */
  public Optional<String> trainingRefusal() {
    return trainingRefusal;
  }

  Body body(boolean train) {
    if (train && trainingRefusal.isPresent()) {
      throw new IllegalStateException("not traced for training: " + trainingRefusal.get());
    }
    return train ? training : inference;
  }

  @Override
  public String toString() {
    List<String> lines = new ArrayList<>();
    inputs.forEach(i -> lines.add(i.toString()));
    operations().forEach(o -> lines.add(o.toString()));
    lines.add("-> " + outputs());
    return String.join("\n", lines);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import io.sparseland.kernels.graph.Size;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One recorded call.
 *
 * @param id its index in the list of operations
 * @param method the method called, of {@code NDArray}, {@code NDArrayEx} or {@code NDManager}
 * @param internal whether it is a method of {@code NDArrayEx}
 * @param target what it was called on: an array, or {@link Argument.ManagerOf}
 * @param arguments what it was called with, in order
 * @param resultShapes one shape per array returned; empty for a method without result
 * @param layer dotted name of the layer whose parameter it used first, else {@code ""}
 * @param mutates whether it changes its target in place
 * @param site where in the user's code it was called: class, method, line
 */
public record Operation(
    int id,
    Method method,
    boolean internal,
    Argument target,
    List<Argument> arguments,
    List<List<Size>> resultShapes,
    String layer,
    boolean mutates,
    String site) {

  /** Copies the lists. */
  public Operation {
    arguments = List.copyOf(arguments);
    resultShapes = resultShapes.stream().map(List::copyOf).toList();
  }

  /** Name of the method, e.g. {@code linear}. */
  public String name() {
    return method.getName();
  }

  /** Every array it reads: the target, then the arguments, lists and indices opened up. */
  public List<Reference> references() {
    return Stream.concat(Stream.of(target), arguments.stream())
        .flatMap(Operation::references)
        .toList();
  }

  /** The argument at a position when it is an array. */
  public Optional<Reference> reference(int position) {
    return arguments.get(position) instanceof Reference r ? Optional.of(r) : Optional.empty();
  }

  static Stream<Reference> references(Argument argument) {
    if (argument instanceof Reference reference) {
      return Stream.of(reference);
    }
    if (argument instanceof Argument.ListOf list) {
      return list.items().stream().flatMap(Operation::references);
    }
    if (argument instanceof Argument.Index index) {
      return index.items().stream().flatMap(i -> i.parts().stream().flatMap(Operation::references));
    }
    return Stream.empty();
  }

  @Override
  public String toString() {
    return "%d: %s.%s%s%s -> %s"
        .formatted(
            id, target, name(), arguments, layer.isEmpty() ? "" : " @" + layer, resultShapes);
  }
}

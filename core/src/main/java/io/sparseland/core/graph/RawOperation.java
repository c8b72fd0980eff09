// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;

/**
 * One call as seen in one trace, sizes still plain numbers.
 *
 * @param method the method
 * @param internal whether of {@code NDArrayEx}
 * @param target what it was called on
 * @param arguments its arguments
 * @param results shapes of the arrays returned
 * @param values the arrays returned, when called on a manager with no array as argument; else empty
 * @param mutates whether the target is changed
 * @param site where it was called
 */
record RawOperation(
    Method method,
    boolean internal,
    Argument target,
    List<Argument> arguments,
    List<Shape> results,
    List<ConstantArray> values,
    boolean mutates,
    String site) {

  /** All operations of one trace and what it returned. */
  record Trace(List<RawOperation> operations, List<Reference> outputs) {

    boolean mutates() {
      return operations.stream().anyMatch(RawOperation::mutates);
    }
  }

  RawOperation withArgument(int position, Argument argument) {
    List<Argument> changed = new ArrayList<>(arguments);
    changed.set(position, argument);
    return new RawOperation(
        method, internal, target, List.copyOf(changed), results, values, mutates, site);
  }
}

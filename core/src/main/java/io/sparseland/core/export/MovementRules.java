// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static java.util.Map.entry;

import ai.djl.ndarray.types.DataType;
import io.sparseland.core.export.Operand.Value;
import io.sparseland.core.graph.Argument;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Operations that move elements or leave them as they are. */
final class MovementRules {

  private MovementRules() {}

  static Map<String, Rule> all() {
    return Map.ofEntries(
        entry("reshape", Rule.of(call -> call.reshape(call.self(), call.shape()))),
        entry("flatten", Rule.of(call -> call.reshape(call.self(), call.shape()))),
        entry("expandDims", Rule.of(call -> call.reshape(call.self(), call.shape()))),
        entry("squeeze", Rule.of(call -> call.reshape(call.self(), call.shape()))),
        entry("transpose", Rule.of(MovementRules::transpose)),
        entry("swapAxes", Rule.of(MovementRules::swapAxes)),
        entry("concat", Rule.of(MovementRules::concat)),
        entry("stack", Rule.of(MovementRules::stack)),
        entry("split", MovementRules::split),
        entry("duplicate", Rule.of(Call::self)),
        entry("stopGradient", Rule.of(Call::self)),
        entry("toDevice", Rule.of(Call::self)),
        entry("toType", Rule.of(MovementRules::toType)));
  }

  private static Operand transpose(Call call) {
    int rank = call.self().rank();
    List<Integer> permutation = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    if (call.arity() == 0 || call.integers(0).length == 0) {
      Collections.reverse(permutation);
    } else {
      int[] axes = call.integers(0);
      permutation = IntStream.of(axes).mapToObj(axis -> call.axis(axis, rank)).toList();
    }
    return call.emit(new Op.Transpose(permutation), call.self());
  }

  private static Operand swapAxes(Call call) {
    int rank = call.self().rank();
    List<Integer> permutation = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    Collections.swap(
        permutation, call.axis(call.integer(0), rank), call.axis(call.integer(1), rank));
    return call.emit(new Op.Transpose(permutation), call.self());
  }

  private static Operand concat(Call call) {
    int axis = call.arity() > 1 ? call.integer(1) : 0;
    return call.emit(new Op.Concat(call.axis(axis, call.shape().size())), joined(call));
  }

  private static Operand stack(Call call) {
    int rank = call.shape().size();
    int axis = call.axis(call.arity() > 1 ? call.integer(1) : 0, rank);
    List<Size> one = new ArrayList<>(call.shape());
    one.set(axis, Size.of(1));
    Operand[] parts = joined(call);
    for (int i = 0; i < parts.length; i++) {
      parts[i] = call.reshape(parts[i], one);
    }
    return call.emit(new Op.Concat(axis), parts);
  }

  /** The target and then the argument: one array, or a list of them. */
  private static Operand[] joined(Call call) {
    List<Operand> parts = new ArrayList<>(List.of(call.self()));
    parts.addAll(call.isArray(0) ? List.of(call.array(0)) : call.arrays(0));
    return parts.toArray(Operand[]::new);
  }

  /** Parts follow one another along the axis, so their traced sizes tell where each begins. */
  private static List<Operand> split(Call call) {
    int axis = call.axis(call.arity() > 1 ? call.integer(1) : 0, call.self().rank());
    Value x = call.value(call.self());
    List<Operand> parts = new ArrayList<>();
    Size begin = Size.of(0);
    for (List<Size> shape : call.shapes()) {
      Size end = begin.plus(shape.get(axis));
      parts.add(call.emit(new Op.Slice(axis, begin, end, 1), shape, x));
      begin = end;
    }
    return parts;
  }

  /** The runtime computes in fp32; integers are ids that are moved and looked up. */
  private static Operand toType(Call call) {
    Operand x = call.self();
    if (x instanceof Value value
        && call.argument(0) instanceof Argument.Literal literal
        && literal.value() instanceof DataType type) {
      if (type == DataType.FLOAT32 && !value.integral()) {
        return value;
      }
      if (type == DataType.INT32 || type == DataType.INT64) {
        return new Value(value.name(), value.shape(), true);
      }
    }
    throw call.fail(
        "conversion to "
            + call.argument(0)
            + "; allowed: FLOAT32 from FLOAT32, and INT32 or INT64 for ids");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static java.util.Map.entry;

import io.sparseland.core.export.Operand.Value;
import io.sparseland.kernels.ReduceOp;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.graph.Op;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Sums, means and maxima over axes; softmax. */
final class ReduceRules {

  private ReduceRules() {}

  static Map<String, Rule> all() {
    return Map.ofEntries(
        entry("sum", Rule.of(call -> reduce(call, ReduceOp.SUM))),
        entry("mean", Rule.of(call -> reduce(call, ReduceOp.MEAN))),
        entry("max", Rule.of(call -> reduce(call, ReduceOp.MAX))),
        entry("min", Rule.of(ReduceRules::min)),
        entry("globalAvgPool", Rule.of(call -> global(call, ReduceOp.MEAN))),
        entry("globalMaxPool", Rule.of(call -> global(call, ReduceOp.MAX))),
        entry("softmax", Rule.of(call -> softmax(call, false))),
        entry("logSoftmax", Rule.of(call -> softmax(call, true))));
  }

  private static Value reduce(Call call, ReduceOp op) {
    return reduce(call, op, call.self());
  }

  private static Value reduce(Call call, ReduceOp op, Operand x) {
    int rank = x.rank();
    List<Integer> axes = IntStream.range(0, rank).boxed().toList();
    if (call.arity() > 0 && call.integers(0).length > 0) {
      axes = IntStream.of(call.integers(0)).map(a -> call.axis(a, rank)).sorted().boxed().toList();
    }
    boolean keep = call.arity() > 1 && call.flag(1);
    return call.emit(new Op.Reduce(op, axes, keep), x);
  }

  /** {@code min(x) = -max(-x)}. */
  private static Operand min(Call call) {
    Operand x = call.self();
    Value negated = call.emit(new Op.Unary(UnaryOp.NEG, 0, 0), x.shape(), x);
    return call.emit(new Op.Unary(UnaryOp.NEG, 0, 0), reduce(call, ReduceOp.MAX, negated));
  }

  private static Operand global(Call call, ReduceOp op) {
    List<Integer> axes = IntStream.range(2, call.self().rank()).boxed().toList();
    return call.emit(new Op.Reduce(op, axes, false), call.self());
  }

  private static Operand softmax(Call call, boolean log) {
    int axis = call.axis(call.integer(0), call.self().rank());
    return call.emit(new Op.Softmax(axis, log), call.self());
  }
}

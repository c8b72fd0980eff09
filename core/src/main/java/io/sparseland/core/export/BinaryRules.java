// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static java.util.Map.entry;

import io.sparseland.core.export.Operand.Stored;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.graph.Op;
import java.util.Map;

/** Functions of two arrays, or an array and a number; in place and reversed forms too. */
final class BinaryRules {

  private BinaryRules() {}

  static Map<String, Rule> all() {
    return Map.ofEntries(
        entry("add", rule(BinaryOp.ADD)),
        entry("addi", rule(BinaryOp.ADD)),
        entry("sub", rule(BinaryOp.SUB)),
        entry("subi", rule(BinaryOp.SUB)),
        entry("mul", rule(BinaryOp.MUL)),
        entry("muli", rule(BinaryOp.MUL)),
        entry("div", rule(BinaryOp.DIV)),
        entry("divi", rule(BinaryOp.DIV)),
        entry("pow", rule(BinaryOp.POW)),
        entry("powi", rule(BinaryOp.POW)),
        entry("maximum", rule(BinaryOp.MAX)),
        entry("minimum", rule(BinaryOp.MIN)),
        entry("rsub", reversed(BinaryOp.SUB)),
        entry("rsubi", reversed(BinaryOp.SUB)),
        entry("rdiv", reversed(BinaryOp.DIV)),
        entry("rpow", reversed(BinaryOp.POW)));
  }

  private static Rule rule(BinaryOp op) {
    return Rule.of(
        call ->
            call.isArray(0)
                ? arrays(call, op, call.self(), call.array(0))
                : scalar(call, op, call.self(), call.number(0), false));
  }

  /** The argument comes first: {@code x.rsub(y) = y - x}. */
  private static Rule reversed(BinaryOp op) {
    return Rule.of(
        call ->
            call.isArray(0)
                ? arrays(call, op, call.array(0), call.self())
                : scalar(call, op, call.self(), call.number(0), true));
  }

  private static Operand arrays(Call call, BinaryOp op, Operand a, Operand b) {
    if (b instanceof Stored number && isScalarFor(number, a)) {
      return scalar(call, op, a, number.scalar(), false);
    }
    if (a instanceof Stored number && isScalarFor(number, b)) {
      return scalar(call, op, b, number.scalar(), true);
    }
    return call.emit(new Op.Binary(op), a, b);
  }

  private static boolean isScalarFor(Stored number, Operand other) {
    return number.isScalar() && number.rank() <= other.rank();
  }

  private static Operand scalar(Call call, BinaryOp op, Operand x, float value, boolean first) {
    return call.emit(new Op.BinaryScalar(op, value, first), x);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.graph.Op;
import java.util.List;

/**
 * One call of the kernels: an operation of the graph, or what the planner made of several.
 *
 * @param output name of the value it defines
 * @param inputs names of the values it takes
 */
record Work(String output, Action action, List<String> inputs) {

  /** What is called. */
  sealed interface Action {}

  /** An operation as the graph has it. */
  record Apply(Op op) implements Action {}

  /** A linear layer plus a residual, the second input. */
  record LinearPlus(Op.Linear linear) implements Action {}

  /** A matrix product of values whose axes are read or written in another order. */
  record TurnedMatMul(List<Integer> a, List<Integer> b, List<Integer> y) implements Action {}

  /** The same value in the other layout. */
  record Convert() implements Action {}

  /** Whether the result is the memory of the input, or of a stored tensor. */
  boolean isView() {
    return action instanceof Apply apply
        && (apply.op() instanceof Op.Reshape || apply.op() instanceof Op.Constant);
  }

  /** Whether the result may be written over an input of the same shape and layout. */
  boolean inPlace() {
    return action instanceof Apply apply
        && (apply.op() instanceof Op.Unary
            || apply.op() instanceof Op.Binary
            || apply.op() instanceof Op.BinaryScalar
            || apply.op() instanceof Op.Softmax
            || apply.op() instanceof Op.LayerNorm
            || apply.op() instanceof Op.ChannelAffine);
  }

  /** What it is called in a profile. */
  String label() {
    if (action instanceof Apply apply) {
      return apply.op().kind();
    }
    return action instanceof LinearPlus
        ? "linear+residual"
        : action instanceof TurnedMatMul ? "turned matmul" : "convert";
  }
}

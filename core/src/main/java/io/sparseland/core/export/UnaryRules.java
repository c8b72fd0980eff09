// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static java.util.Map.entry;

import io.sparseland.core.export.Operand.Value;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.graph.Op;
import java.util.Map;

/** Functions of one array, element by element. */
final class UnaryRules {

  // PyTorch's constants of selu
  private static final float SELU_SCALE = 1.050701f;
  private static final float SELU_ALPHA = 1.6732632f;

  private UnaryRules() {}

  static Map<String, Rule> all() {
    return Map.ofEntries(
        entry("relu", plain(UnaryOp.RELU)),
        entry("sigmoid", plain(UnaryOp.SIGMOID)),
        entry("tanh", plain(UnaryOp.TANH)),
        entry("gelu", plain(UnaryOp.GELU)),
        entry("softPlus", plain(UnaryOp.SOFTPLUS)),
        entry("erf", plain(UnaryOp.ERF)),
        entry("sqrt", plain(UnaryOp.SQRT)),
        entry("exp", plain(UnaryOp.EXP)),
        entry("log", plain(UnaryOp.LOG)),
        entry("neg", plain(UnaryOp.NEG)),
        entry("negi", plain(UnaryOp.NEG)),
        entry("abs", plain(UnaryOp.ABS)),
        entry("square", plain(UnaryOp.SQUARE)),
        entry("leakyRelu", withAlpha(UnaryOp.LEAKY_RELU)),
        entry("elu", withAlpha(UnaryOp.ELU)),
        entry("selu", Rule.of(UnaryRules::selu)),
        entry("swish", Rule.of(UnaryRules::swish)),
        entry("mish", Rule.of(UnaryRules::mish)),
        entry("softSign", Rule.of(UnaryRules::softSign)),
        entry("clip", Rule.of(UnaryRules::clip)));
  }

  private static Rule plain(UnaryOp op) {
    return Rule.of(call -> call.emit(new Op.Unary(op, 0, 0), call.self()));
  }

  private static Rule withAlpha(UnaryOp op) {
    return Rule.of(call -> call.emit(new Op.Unary(op, call.number(0), 0), call.self()));
  }

  private static Operand clip(Call call) {
    return call.emit(new Op.Unary(UnaryOp.CLIP, call.number(0), call.number(1)), call.self());
  }

  private static Operand selu(Call call) {
    Value elu = call.emit(new Op.Unary(UnaryOp.ELU, SELU_ALPHA, 0), call.self());
    return call.emit(new Op.BinaryScalar(BinaryOp.MUL, SELU_SCALE, false), elu);
  }

  /** {@code x * sigmoid(beta * x)}. */
  private static Operand swish(Call call) {
    float beta = call.number(0);
    if (beta == 1) {
      return call.emit(new Op.Unary(UnaryOp.SILU, 0, 0), call.self());
    }
    Value x = call.value(call.self());
    Value scaled = call.emit(new Op.BinaryScalar(BinaryOp.MUL, beta, false), x);
    return call.emit(
        new Op.Binary(BinaryOp.MUL), call.emit(new Op.Unary(UnaryOp.SIGMOID, 0, 0), scaled), x);
  }

  /** {@code x * tanh(log2(1 + exp(x)))}: base 2, as DJL computes it (the paper has base e). */
  private static Operand mish(Call call) {
    Value x = call.value(call.self());
    Value soft = call.emit(new Op.Unary(UnaryOp.SOFTPLUS, 0, 0), x);
    float inBase2 = (float) (1 / Math.log(2));
    Value log = call.emit(new Op.BinaryScalar(BinaryOp.MUL, inBase2, false), soft);
    return call.emit(
        new Op.Binary(BinaryOp.MUL), call.emit(new Op.Unary(UnaryOp.TANH, 0, 0), log), x);
  }

  /** {@code x / (1 + |x|)}. */
  private static Operand softSign(Call call) {
    Value x = call.value(call.self());
    Value abs = call.emit(new Op.Unary(UnaryOp.ABS, 0, 0), x);
    Value below = call.emit(new Op.BinaryScalar(BinaryOp.ADD, 1, false), abs);
    return call.emit(new Op.Binary(BinaryOp.DIV), x, below);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.core.export.Operand.Stored;
import io.sparseland.core.export.Operand.Value;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Batch norm, layer norm and dropout as they are at inference. */
final class NormRules {

  private NormRules() {}

  static Map<String, Rule> all() {
    return Map.of(
        "batchNorm", Rule.of(NormRules::batchNorm),
        "layerNorm", Rule.of(NormRules::layerNorm),
        "dropout", Rule.of(NormRules::dropout));
  }

  /**
   * {@code y = x * s + t} with {@code s = gamma / sqrt(variance + epsilon)} and {@code t = beta -
   * mean * s}, computed in fp64. Arguments: input, mean, variance, gamma, beta, axis (-1: 1),
   * momentum, epsilon, training.
   */
  private static Operand batchNorm(Call call) {
    if (call.flag(8)) {
      throw call.fail("it always normalises by the batch; allowed: by running statistics");
    }
    Operand x = call.array(0);
    float[] mean = call.stored(1).floats();
    float[] variance = call.stored(2).floats();
    float[] gamma = call.stored(3).floats();
    float[] beta = call.stored(4).floats();
    double epsilon = call.number(7);
    float[] scale = new float[gamma.length];
    float[] shift = new float[gamma.length];
    for (int i = 0; i < scale.length; i++) {
      double factor = gamma[i] / Math.sqrt(variance[i] + epsilon);
      scale[i] = (float) factor;
      shift[i] = (float) (beta[i] - mean[i] * factor);
    }
    int asked = call.integer(5);
    int axis = asked == -1 ? 1 : call.axis(asked, x.rank());
    if (axis == 1) {
      return call.emit(
          new Op.ChannelAffine(
              store(call, "scale", scale, scale.length), store(call, "shift", shift, shift.length)),
          x);
    }
    long[] along = new long[x.rank() - axis]; // [channels, 1, ...]
    Arrays.fill(along, 1);
    along[0] = scale.length;
    Value scaled =
        call.emit(
            new Op.Binary(BinaryOp.MUL),
            x,
            constant(call, store(call, "scale", scale, along), along));
    return call.emit(
        new Op.Binary(BinaryOp.ADD),
        scaled,
        constant(call, store(call, "shift", shift, along), along));
  }

  private static String store(Call call, String part, float[] values, long... shape) {
    String prefix = call.layer().isEmpty() ? "batchNorm" : call.layer();
    return call.emitter().store(prefix + '.' + part, call.layer(), values, shape);
  }

  private static Value constant(Call call, String tensor, long[] shape) {
    return call.emit(new Op.Constant(tensor), Arrays.stream(shape).mapToObj(Size::of).toList());
  }

  /** Over the last dimensions, as one. Arguments: input, their sizes, scale, shift, epsilon. */
  private static Operand layerNorm(Call call) {
    Operand x = call.array(0);
    int count = call.integers(1).length;
    Stored scale = call.stored(2);
    Stored shift = call.stored(3);
    long width = scale.array().size();
    Op op =
        new Op.LayerNorm(
            call.emitter().store(scale, width), call.emitter().store(shift, width), call.number(4));
    if (count == 1) {
      return call.emit(op, x);
    }
    List<Size> joined = new ArrayList<>(x.shape().subList(0, x.rank() - count));
    joined.add(Size.of(width));
    return call.reshape(call.emit(op, joined, call.reshape(x, joined)), call.shape());
  }

  private static Operand dropout(Call call) {
    if (call.flag(2)) {
      throw call.fail("it drops at inference too; allowed: while training only");
    }
    return call.array(0);
  }
}

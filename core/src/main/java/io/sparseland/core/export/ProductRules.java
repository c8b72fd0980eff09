// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static java.util.Map.entry;

import io.sparseland.core.export.Operand.Stored;
import io.sparseland.core.export.Operand.Value;
import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Linear layers, convolutions and products of matrices. */
final class ProductRules {

  private ProductRules() {}

  static Map<String, Rule> all() {
    return Map.ofEntries(
        entry("linear", Rule.of(ProductRules::linear)),
        entry("convolution", Rule.of(ProductRules::convolution)),
        entry("matMul", Rule.of(ProductRules::matMul)),
        entry("batchMatMul", Rule.of(ProductRules::matMul)),
        entry("dot", Rule.of(ProductRules::dot)));
  }

  /** {@code x * w' + bias}, w [out, in]. */
  private static Operand linear(Call call) {
    Operand x = call.array(0);
    Operand bias = call.optionalArray(2);
    if (call.array(1) instanceof Stored weight && (bias == null || bias instanceof Stored)) {
      Op op =
          new Op.Linear(call.emitter().store(weight), vector(call, (Stored) bias), Activation.NONE);
      return call.emit(op, x);
    }
    Value weight = call.value(call.array(1));
    List<Size> turned = List.of(weight.shape().get(1), weight.shape().get(0));
    Value product =
        call.emit(new Op.MatMul(), x, call.emit(new Op.Transpose(List.of(1, 0)), turned, weight));
    return bias == null ? product : call.emit(new Op.Binary(BinaryOp.ADD), product, bias);
  }

  /** One and two spatial dimensions; one is two of which the first has size 1. */
  private static Operand convolution(Call call) {
    Operand x = call.array(0);
    Stored weight = call.stored(1);
    int spatial = weight.rank() - 2;
    if (spatial != 1 && spatial != 2) {
      throw call.fail("it has " + spatial + " spatial dimensions; allowed: 1 or 2");
    }
    long[] sizes = weight.array().getShape().getShape();
    long[] kernel = {sizes[0], sizes[1], spatial == 1 ? 1 : sizes[2], sizes[sizes.length - 1]};
    int[] stride = pair(call, 3, spatial, 1);
    int[] padding = pair(call, 4, spatial, 0);
    int[] dilation = pair(call, 5, spatial, 1);
    ConvShape shape =
        new ConvShape(
            (int) kernel[2],
            (int) kernel[3],
            stride[0],
            stride[1],
            padding[0],
            padding[1],
            dilation[0],
            dilation[1],
            call.integer(6));
    Operand bias = call.optionalArray(2);
    if (bias != null && !(bias instanceof Stored)) {
      throw call.fail("its bias is computed; allowed: a parameter or constant");
    }
    Op op =
        new Op.Conv2d(
            call.emitter().store(weight, kernel),
            vector(call, (Stored) bias),
            Activation.NONE,
            shape);
    return Planes.through(call, x, op);
  }

  private static Optional<String> vector(Call call, @Nullable Stored bias) {
    return bias == null
        ? Optional.empty()
        : Optional.of(call.emitter().store(bias, bias.array().size()));
  }

  private static int[] pair(Call call, int position, int spatial, int missing) {
    int[] given = call.integers(position);
    if (given.length == 0) {
      return new int[] {missing, missing};
    }
    return spatial == 1 ? new int[] {missing, given[0]} : given;
  }

  private static Operand matMul(Call call) {
    Operand a = call.self();
    Operand b = call.array(0);
    if (a.rank() < 2 || b.rank() < 2) {
      throw call.fail("shapes " + a.shape() + " and " + b.shape() + "; allowed: matrices");
    }
    return call.emit(new Op.MatMul(), a, b);
  }

  /** For matrices the same as {@code matMul}. */
  private static Operand dot(Call call) {
    if (call.self().rank() != 2 || call.array(0).rank() != 2) {
      throw call.fail(
          IntStream.of(call.self().rank(), call.array(0).rank())
                  .mapToObj(Integer::toString)
                  .collect(Collectors.joining(" and "))
              + " dimensions; allowed: 2 and 2");
    }
    return matMul(call);
  }

  /** Adds and removes the missing spatial dimension. */
  static final class Planes {

    private Planes() {}

    /** Applies an operation on [batch, channels, h, w] to that, or to [batch, channels, w]. */
    static Operand through(Call call, Operand x, Op op) {
      if (x.rank() == 4) {
        return call.emit(op, x);
      }
      if (x.rank() != 3) {
        throw call.fail("input of shape " + x.shape() + "; allowed: 3 or 4 dimensions");
      }
      Value flat = call.reshape(x, withPlane(x.shape()));
      return call.reshape(call.emit(op, withPlane(call.shape()), flat), call.shape());
    }

    private static List<Size> withPlane(List<Size> shape) {
      List<Size> sizes = new ArrayList<>(shape);
      sizes.add(2, Size.of(1));
      return sizes;
    }
  }
}

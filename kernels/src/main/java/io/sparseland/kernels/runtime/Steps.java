// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.PackedWeights;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.Turned;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.ValueType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Turns operations into calls of kernels on the values of an execution. */
final class Steps {

  /** Designs that multiply panels; the others bring panels to rows and back. */
  private static final Set<String> IN_PANELS = Set.of("csr", "block4", "column4");

  private final Kernels kernels;
  private final Weights weights;
  private final Map<String, Long> symbols;

  Steps(Kernels kernels, Weights weights, Map<String, Long> symbols) {
    this.kernels = kernels;
    this.weights = weights;
    this.symbols = symbols;
  }

  /** One operation on the values of an execution. */
  interface Step {
    void run(Tensor[] values);
  }

  /** Whether the weight is multiplied in panels. */
  boolean sparse(String weight) {
    return IN_PANELS.contains(weights.packed(weight, null).design(Integer.MAX_VALUE));
  }

  /**
   * The step for a call.
   *
   * @param in places of the inputs among the values
   * @param out place of the output
   * @param type type of the output with known sizes
   */
  Step of(Work work, int[] in, int out, ValueType type) {
    if (work.action() instanceof Work.Apply apply) {
      return of(apply.op(), in, out, type);
    }
    int x = in[0];
    if (work.action() instanceof Work.LinearPlus plus) {
      return linear(plus.linear(), x, in[1], out);
    } else if (work.action() instanceof Work.TurnedMatMul matmul) {
      int b = in[1];
      return v ->
          kernels.matmul(
              new Turned(v[x], matmul.a()),
              new Turned(v[b], matmul.b()),
              new Turned(v[out], matmul.y()));
    }
    return v -> kernels.convert(v[x], v[out]);
  }

  private Step linear(Op.Linear linear, int x, int residual, int out) {
    PackedWeights w = weights.packed(linear.weight(), null);
    Tensor bias = bias(linear.bias());
    return residual < 0
        ? v -> kernels.linear(w, bias, linear.activation(), v[x], v[out])
        : v -> kernels.linear(w, bias, linear.activation(), v[residual], v[x], v[out]);
  }

  private Step of(Op op, int[] in, int out, ValueType type) {
    if (op instanceof Op.Constant constant) {
      Tensor tensor = weights.tensor(constant.tensor());
      return v -> v[out] = tensor;
    }
    int x = in[0];
    if (op instanceof Op.Reshape) {
      int[] shape = type.at(symbols);
      return v -> v[out] = v[x].reshape(shape);
    } else if (op instanceof Op.Linear linear) {
      return linear(linear, x, -1, out);
    } else if (op instanceof Op.Conv2d conv) {
      PackedWeights w = weights.packed(conv.weight(), conv.shape());
      Tensor bias = bias(conv.bias());
      return v -> kernels.conv2d(w, bias, conv.activation(), conv.shape(), v[x], v[out]);
    } else if (op instanceof Op.Pool2d pool) {
      return v -> kernels.pool2d(pool.shape(), v[x], v[out]);
    } else if (op instanceof Op.LayerNorm norm) {
      Tensor scale = weights.tensor(norm.scale());
      Tensor shift = weights.tensor(norm.shift());
      return v -> kernels.layerNorm(v[x], scale, shift, norm.epsilon(), v[out]);
    } else if (op instanceof Op.ChannelAffine affine) {
      Tensor scale = weights.tensor(affine.scale());
      Tensor shift = weights.tensor(affine.shift());
      return v -> kernels.channelAffine(v[x], scale, shift, v[out]);
    } else if (op instanceof Op.Embedding embedding) {
      Tensor table = weights.tensor(embedding.table());
      return v -> kernels.embedding(table, v[x], v[out]);
    }
    return withoutWeights(op, in, out);
  }

  private Step withoutWeights(Op op, int[] in, int out) {
    int x = in[0];
    if (op instanceof Op.Unary unary) {
      return v -> kernels.unary(unary.op(), unary.p0(), unary.p1(), v[x], v[out]);
    } else if (op instanceof Op.Binary binary) {
      int b = in[1];
      return v -> kernels.binary(binary.op(), v[x], v[b], v[out]);
    } else if (op instanceof Op.BinaryScalar scalar) {
      Tensor value = Tensor.allocate(ElementType.FLOAT32);
      value.floats().put(scalar.value());
      return scalar.scalarFirst()
          ? v -> kernels.binary(scalar.op(), value, v[x], v[out])
          : v -> kernels.binary(scalar.op(), v[x], value, v[out]);
    } else if (op instanceof Op.Softmax softmax) {
      return v -> kernels.softmax(softmax.axis(), softmax.log(), v[x], v[out]);
    } else if (op instanceof Op.Transpose transpose) {
      int[] permutation = ints(transpose.permutation());
      return v -> kernels.transpose(permutation, v[x], v[out]);
    } else if (op instanceof Op.MatMul) {
      int b = in[1];
      return v -> kernels.matmul(v[x], v[b], v[out]);
    } else if (op instanceof Op.Concat concat) {
      return v -> kernels.concat(concat.axis(), list(v, in), v[out]);
    } else if (op instanceof Op.Slice slice) {
      int begin = Math.toIntExact(slice.begin().at(symbols));
      return v -> kernels.slice(slice.axis(), begin, slice.step(), v[x], v[out]);
    } else if (op instanceof Op.Reduce reduce) {
      int[] axes = ints(reduce.axes());
      return v -> kernels.reduce(reduce.op(), axes, v[x], v[out]);
    }
    throw new AssertionError("no kernel for " + op);
  }

  private @Nullable Tensor bias(Optional<String> name) {
    return name.map(weights::tensor).orElse(null);
  }

  private static List<Tensor> list(Tensor[] values, int[] places) {
    return IntStream.of(places).mapToObj(i -> values[i]).toList();
  }

  private static int[] ints(List<Integer> numbers) {
    return numbers.stream().mapToInt(n -> n).toArray();
  }
}

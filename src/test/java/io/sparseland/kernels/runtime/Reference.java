// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import static java.util.Objects.requireNonNull;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.PoolShape;
import io.sparseland.kernels.ReduceOp;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.ValueType;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/** A slow interpreter of graphs in fp64, written from the documentation of the operations. */
final class Reference {

  private final Map<String, Array> stored = new HashMap<>();
  private final ModelContent content;

  Reference(ModelContent content) {
    this.content = content;
    for (StoredTensor tensor : content.tensors()) {
      double[] values = new double[tensor.elements()];
      LongBuffer mask = tensor.mask();
      int next = 0;
      for (int i = 0; i < values.length; i++) {
        if (mask == null || (mask.get(i / 64) >>> (i % 64) & 1) == 1) {
          values[i] = tensor.values().get(next++);
        }
      }
      stored.put(
          tensor.name(), new Array(tensor.shape().stream().mapToInt(n -> n).toArray(), values));
    }
  }

  /** Values of all names. */
  Map<String, Array> run(Map<String, Array> inputs, Map<String, Long> symbols) {
    Map<String, ValueType> types = content.graph().infer(content.shapes(), symbols);
    Map<String, Array> values = new HashMap<>(inputs);
    for (Node node : content.graph().nodes()) {
      List<Array> in = node.inputs().stream().map(name -> get(values, name)).toList();
      int[] shape = requireNonNull(types.get(node.output())).at(Map.of());
      values.put(node.output(), compute(node.op(), in, shape, symbols));
    }
    return values;
  }

  private Array compute(Op op, List<Array> in, int[] shape, Map<String, Long> symbols) {
    if (op instanceof Op.Constant constant) {
      return get(stored, constant.tensor());
    }
    Array x = in.get(0);
    if (op instanceof Op.Linear linear) {
      Array w = get(stored, linear.weight());
      int k = w.shape()[1];
      return Array.of(
          shape,
          at -> {
            int n = at[at.length - 1];
            int[] from = at.clone();
            double sum = bias(linear.bias(), n);
            for (int i = 0; i < k; i++) {
              from[at.length - 1] = i;
              sum += x.at(from) * w.at(n, i);
            }
            return activation(linear.activation()).applyAsDouble(sum);
          });
    } else if (op instanceof Op.Conv2d conv) {
      return conv(conv, x, shape);
    } else if (op instanceof Op.Pool2d pool) {
      return pool(pool.shape(), x, shape);
    } else if (op instanceof Op.LayerNorm norm) {
      return layerNorm(norm, x);
    } else if (op instanceof Op.ChannelAffine affine) {
      Array scale = get(stored, affine.scale());
      Array shift = get(stored, affine.shift());
      return Array.of(shape, at -> x.at(at) * scale.at(at[1]) + shift.at(at[1]));
    } else if (op instanceof Op.Unary unary) {
      DoubleUnaryOperator f = unary(unary.op(), unary.p0(), unary.p1());
      return Array.of(shape, at -> f.applyAsDouble(x.at(at)));
    } else if (op instanceof Op.Binary binary) {
      return Array.of(shape, at -> binary(binary.op(), x.broadcast(at), in.get(1).broadcast(at)));
    } else if (op instanceof Op.BinaryScalar scalar) {
      double s = scalar.value();
      return Array.of(
          shape,
          at ->
              scalar.scalarFirst()
                  ? binary(scalar.op(), s, x.at(at))
                  : binary(scalar.op(), x.at(at), s));
    }
    return move(op, in, shape, symbols);
  }

  private Array move(Op op, List<Array> in, int[] shape, Map<String, Long> symbols) {
    Array x = in.get(0);
    if (op instanceof Op.Softmax softmax) {
      return softmax(softmax, x);
    } else if (op instanceof Op.Reshape) {
      return new Array(shape, x.values());
    } else if (op instanceof Op.Transpose transpose) {
      return Array.of(
          shape,
          at -> {
            int[] from = new int[at.length];
            for (int i = 0; i < at.length; i++) {
              from[transpose.permutation().get(i)] = at[i];
            }
            return x.at(from);
          });
    } else if (op instanceof Op.Embedding embedding) {
      Array table = get(stored, embedding.table());
      return Array.of(
          shape,
          at -> {
            int[] id = Arrays.copyOf(at, at.length - 1);
            return table.at((int) x.at(id), at[at.length - 1]);
          });
    } else if (op instanceof Op.MatMul) {
      Array b = in.get(1);
      int r = shape.length;
      int k = x.shape()[x.shape().length - 1];
      return Array.of(
          shape,
          at -> {
            double sum = 0;
            for (int i = 0; i < k; i++) {
              int[] left = at.clone();
              left[r - 1] = i;
              int[] right = at.clone();
              right[r - 2] = i;
              sum += x.broadcast(left) * b.broadcast(right);
            }
            return sum;
          });
    } else if (op instanceof Op.Concat concat) {
      return Array.of(
          shape,
          at -> {
            int[] from = at.clone();
            for (Array part : in) {
              int size = part.shape()[concat.axis()];
              if (from[concat.axis()] < size) {
                return part.at(from);
              }
              from[concat.axis()] -= size;
            }
            throw new AssertionError();
          });
    } else if (op instanceof Op.Slice slice) {
      int begin = (int) slice.begin().at(symbols);
      return Array.of(
          shape,
          at -> {
            int[] from = at.clone();
            from[slice.axis()] = begin + slice.step() * at[slice.axis()];
            return x.at(from);
          });
    } else if (op instanceof Op.Reduce reduce) {
      return reduce(reduce, x, shape);
    }
    throw new AssertionError(op);
  }

  private Array conv(Op.Conv2d conv, Array x, int[] shape) {
    ConvShape s = conv.shape();
    Array w = get(stored, conv.weight());
    int perGroup = x.shape()[1] / s.groups();
    int outPerGroup = shape[1] / s.groups();
    return Array.of(
        shape,
        at -> {
          double sum = bias(conv.bias(), at[1]);
          for (int c = 0; c < perGroup; c++) {
            for (int i = 0; i < s.kernelH(); i++) {
              for (int j = 0; j < s.kernelW(); j++) {
                int row = at[2] * s.strideH() - s.padH() + i * s.dilationH();
                int column = at[3] * s.strideW() - s.padW() + j * s.dilationW();
                int channel = at[1] / outPerGroup * perGroup + c;
                double weight =
                    w.values()[((at[1] * perGroup + c) * s.kernelH() + i) * s.kernelW() + j];
                sum += weight * x.padded(0, at[0], channel, row, column);
              }
            }
          }
          return activation(conv.activation()).applyAsDouble(sum);
        });
  }

  private static Array pool(PoolShape s, Array x, int[] shape) {
    boolean max = s.kind() == PoolShape.Kind.MAX;
    return Array.of(
        shape,
        at -> {
          double result = max ? Double.NEGATIVE_INFINITY : 0;
          int count = 0;
          for (int i = 0; i < s.kernelH(); i++) {
            for (int j = 0; j < s.kernelW(); j++) {
              int row = at[2] * s.strideH() - s.padH() + i;
              int column = at[3] * s.strideW() - s.padW() + j;
              if (max) {
                result = Math.max(result, x.padded(result, at[0], at[1], row, column));
              } else {
                result += x.padded(0, at[0], at[1], row, column);
                count += x.inside(row, column) || s.countPadding() ? 1 : 0;
              }
            }
          }
          return max ? result : result / count;
        });
  }

  private Array layerNorm(Op.LayerNorm norm, Array x) {
    int last = x.shape()[x.shape().length - 1];
    double[] result = new double[x.values().length];
    for (int row = 0; row < result.length; row += last) {
      double mean = 0;
      double square = 0;
      for (int i = 0; i < last; i++) {
        mean += x.values()[row + i] / last;
      }
      for (int i = 0; i < last; i++) {
        square += Math.pow(x.values()[row + i] - mean, 2) / last;
      }
      for (int i = 0; i < last; i++) {
        result[row + i] =
            (x.values()[row + i] - mean)
                    / Math.sqrt(square + norm.epsilon())
                    * get(stored, norm.scale()).at(i)
                + get(stored, norm.shift()).at(i);
      }
    }
    return new Array(x.shape(), result);
  }

  private static Array softmax(Op.Softmax softmax, Array x) {
    return Array.of(
        x.shape(),
        at -> {
          int[] other = at.clone();
          double[] line = new double[x.shape()[softmax.axis()]];
          for (int i = 0; i < line.length; i++) {
            other[softmax.axis()] = i;
            line[i] = x.at(other);
          }
          double max = Arrays.stream(line).max().orElseThrow();
          double sum = Arrays.stream(line).map(value -> Math.exp(value - max)).sum();
          double log = x.at(at) - max - Math.log(sum);
          return softmax.log() ? log : Math.exp(log);
        });
  }

  private static Array reduce(Op.Reduce reduce, Array x, int[] shape) {
    double[] result = new double[Array.size(shape)];
    if (reduce.op() == ReduceOp.MAX) {
      Arrays.fill(result, Double.NEGATIVE_INFINITY);
    }
    double count = x.values().length / (double) result.length;
    for (int i = 0; i < x.values().length; i++) {
      int rest = i;
      int target = 0;
      int stride = 1;
      for (int axis = x.shape().length - 1; axis >= 0; axis--) {
        if (!reduce.axes().contains(axis)) {
          target += rest % x.shape()[axis] * stride;
          stride *= x.shape()[axis];
        }
        rest /= x.shape()[axis];
      }
      double value = x.values()[i];
      switch (reduce.op()) {
        case SUM -> result[target] += value;
        case MEAN -> result[target] += value / count;
        case MAX -> result[target] = Math.max(result[target], value);
      }
    }
    return new Array(shape, result);
  }

  private double bias(Optional<String> name, int i) {
    return name.map(bias -> get(stored, bias).at(i)).orElse(0.0);
  }

  private static double binary(BinaryOp op, double a, double b) {
    return switch (op) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case POW -> Math.pow(a, b);
    };
  }

  private static DoubleUnaryOperator activation(Activation activation) {
    return activation == Activation.NONE
        ? DoubleUnaryOperator.identity()
        : unary(UnaryOp.valueOf(activation.name()), 0, 0);
  }

  private static DoubleUnaryOperator unary(UnaryOp op, double p0, double p1) {
    return switch (op) {
      case RELU -> x -> Math.max(x, 0);
      case SILU -> x -> x / (1 + Math.exp(-x));
      case SIGMOID -> x -> 1 / (1 + Math.exp(-x));
      case TANH -> Math::tanh;
      case CLIP -> x -> Math.min(Math.max(x, p0), p1);
      case NEG -> x -> -x;
      case ABS -> Math::abs;
      case GELU_TANH ->
          x -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      default -> throw new AssertionError("not used by these tests: " + op);
    };
  }

  private static Array get(Map<String, Array> arrays, String name) {
    return requireNonNull(arrays.get(name), name);
  }
}

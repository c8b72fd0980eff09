// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import static io.sparseland.kernels.ElementType.FLOAT32;
import static io.sparseland.kernels.graph.TensorShapes.axis;
import static io.sparseland.kernels.graph.TensorShapes.require;
import static io.sparseland.kernels.graph.TensorShapes.with;

import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.PoolShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What each operation makes of the shapes of its inputs. One set of rules for symbolic and known
 * sizes: with known symbols every size is bound to a constant first.
 */
final class ShapeRules {

  private final Map<String, List<Integer>> tensors;
  private final @Nullable Map<String, Long> symbols;

  ShapeRules(Map<String, List<Integer>> tensors, @Nullable Map<String, Long> symbols) {
    this.tensors = tensors;
    this.symbols = symbols;
  }

  /** The declared type of a port, bound. */
  ValueType port(String what, Port port) {
    try {
      return new ValueType(port.type(), bind(port.shape()));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new IllegalArgumentException(
          "%s '%s': %s".formatted(what, port.name(), e.getMessage()), e);
    }
  }

  /** The type of the node's output; empty when its shape depends on symbols that are not known. */
  Optional<ValueType> node(Node node, List<ValueType> inputs) {
    try {
      return Optional.of(type(node.op(), inputs));
    } catch (Unknown e) {
      return Optional.empty();
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new IllegalArgumentException(node + ": " + e.getMessage(), e);
    }
  }

  private ValueType type(Op op, List<ValueType> inputs) {
    if (op instanceof Op.Constant constant) {
      return ValueType.floats(tensor(constant.tensor()));
    }
    ValueType x = inputs.get(0);
    if (op instanceof Op.Reshape reshape) {
      return TensorShapes.reshape(x, bind(reshape.shape()));
    } else if (op instanceof Op.Transpose transpose) {
      return TensorShapes.transpose(x, transpose.permutation());
    } else if (op instanceof Op.Concat concat) {
      return TensorShapes.concat(inputs, concat.axis());
    } else if (op instanceof Op.Slice slice) {
      return slice(x, slice);
    } else if (op instanceof Op.Embedding embedding) {
      List<Integer> table = tensor(embedding.table());
      require(
          table.size() == 2, "table '%s' is %s; allowed: 2 dimensions", embedding.table(), table);
      List<Size> shape = new ArrayList<>(x.shape());
      shape.add(Size.of(table.get(1)));
      return floats(shape);
    }
    for (ValueType input : inputs) {
      require(input.type() == FLOAT32, "input is %s; allowed: FLOAT32", input);
    }
    return floats(computed(op, inputs, x.shape()));
  }

  /** Operations on fp32 only. */
  private List<Size> computed(Op op, List<ValueType> inputs, List<Size> x) {
    if (op instanceof Op.Linear linear) {
      return linear(linear, x);
    } else if (op instanceof Op.Conv2d conv) {
      return conv(conv, x);
    } else if (op instanceof Op.Pool2d pool) {
      return pool(pool.shape(), x);
    } else if (op instanceof Op.LayerNorm norm) {
      require(!x.isEmpty(), "input has no dimensions; allowed: at least 1");
      vector(norm.scale(), x.get(x.size() - 1));
      vector(norm.shift(), x.get(x.size() - 1));
      return x;
    } else if (op instanceof Op.ChannelAffine affine) {
      require(x.size() >= 2, "input is %s; allowed: at least 2 dimensions", x);
      vector(affine.scale(), x.get(1));
      vector(affine.shift(), x.get(1));
      return x;
    } else if (op instanceof Op.Binary) {
      return TensorShapes.broadcast(x, inputs.get(1).shape());
    } else if (op instanceof Op.Softmax softmax) {
      axis(softmax.axis(), x.size());
      return x;
    } else if (op instanceof Op.MatMul) {
      return TensorShapes.matmul(x, inputs.get(1).shape());
    } else if (op instanceof Op.Reduce reduce) {
      return TensorShapes.reduce(reduce, x);
    } else if (op instanceof Op.Unary || op instanceof Op.BinaryScalar) {
      return x;
    }
    throw new AssertionError("no shape rule for " + op);
  }

  private List<Size> linear(Op.Linear linear, List<Size> x) {
    List<Integer> weight = tensor(linear.weight());
    require(
        weight.size() == 2, "weight '%s' is %s; allowed: 2 dimensions", linear.weight(), weight);
    require(!x.isEmpty(), "input has no dimensions; allowed: at least 1");
    require(
        x.get(x.size() - 1).equals(Size.of(weight.get(1))),
        "input %s ends in %s; allowed: %d, the inputs of weight '%s' %s",
        x,
        x.get(x.size() - 1),
        weight.get(1),
        linear.weight(),
        weight);
    linear.bias().ifPresent(bias -> vector(bias, Size.of(weight.get(0))));
    return with(x, x.size() - 1, Size.of(weight.get(0)));
  }

  private List<Size> conv(Op.Conv2d conv, List<Size> x) {
    List<Integer> weight = tensor(conv.weight());
    ConvShape s = conv.shape();
    require(x.size() == 4, "input is %s; allowed: [batch, channels, height, width]", x);
    require(
        weight.size() == 2 || weight.size() == 4,
        "weight '%s' is %s; allowed: 4 dimensions, or 2 (flattened)",
        conv.weight(),
        weight);
    long perOutput = weight.stream().skip(1).mapToLong(n -> n).reduce(1, Math::multiplyExact);
    long window = Math.multiplyExact((long) s.kernelH(), s.kernelW());
    require(
        perOutput % window == 0
            && (weight.size() == 2
                || (weight.get(2) == s.kernelH() && weight.get(3) == s.kernelW())),
        "weight '%s' is %s; allowed: a kernel of %dx%d",
        conv.weight(),
        weight,
        s.kernelH(),
        s.kernelW());
    Size channels = Size.of(Math.multiplyExact(perOutput / window, s.groups()));
    require(
        x.get(1).equals(channels),
        "input has %s channels; allowed: %s, by weight '%s' %s in %d groups",
        x.get(1),
        channels,
        conv.weight(),
        weight,
        s.groups());
    require(
        weight.get(0) % s.groups() == 0,
        "weight '%s' has %d outputs; allowed: a multiple of the %d groups",
        conv.weight(),
        weight.get(0),
        s.groups());
    conv.bias().ifPresent(bias -> vector(bias, Size.of(weight.get(0))));
    return List.of(
        x.get(0),
        Size.of(weight.get(0)),
        window("height", x.get(2), s::outputH),
        window("width", x.get(3), s::outputW));
  }

  private List<Size> pool(PoolShape s, List<Size> x) {
    require(x.size() == 4, "input is %s; allowed: [batch, channels, height, width]", x);
    return List.of(
        x.get(0),
        x.get(1),
        window("height", x.get(2), s::outputH),
        window("width", x.get(3), s::outputW));
  }

  private static Size window(String what, Size size, IntUnaryOperator outputs) {
    if (!size.isConstant()) {
      throw new Unknown();
    }
    int result = outputs.applyAsInt(Math.toIntExact(size.constant()));
    require(result >= 1, "%s %s is smaller than the window", what, size);
    return Size.of(result);
  }

  private ValueType slice(ValueType x, Op.Slice slice) {
    axis(slice.axis(), x.rank());
    Size begin = bind(slice.begin());
    Size end = bind(slice.end());
    Size size = x.shape().get(slice.axis());
    Size span = end.minus(begin);
    if (begin.isConstant() && end.isConstant() && size.isConstant()) {
      require(
          0 <= begin.constant()
              && begin.constant() < end.constant()
              && end.constant() <= size.constant(),
          "from %s to %s; allowed: 0 <= begin < end <= %s",
          begin,
          end,
          size);
    }
    if (slice.step() > 1 && !span.isConstant()) {
      throw new Unknown();
    }
    Size count = span.plus(slice.step() - 1L).floorDiv(slice.step());
    return new ValueType(x.type(), with(x.shape(), slice.axis(), count));
  }

  private List<Integer> tensor(String name) {
    List<Integer> shape = tensors.get(name);
    if (shape == null) {
      throw new IllegalArgumentException("tensor '%s' does not exist".formatted(name));
    }
    return shape;
  }

  private void vector(String name, Size length) {
    List<Integer> shape = tensor(name);
    require(
        shape.size() == 1 && Size.of(shape.get(0)).equals(length),
        "tensor '%s' is %s; allowed: [%s]",
        name,
        shape,
        length);
  }

  private List<Size> bind(List<Size> shape) {
    List<Size> bound = shape.stream().map(this::bind).toList();
    for (Size size : bound) {
      require(
          !size.isConstant() || (size.constant() >= 1 && size.constant() <= Integer.MAX_VALUE),
          "shape %s; allowed: sizes from 1 to 2^31 - 1",
          bound);
    }
    return bound;
  }

  private Size bind(Size size) {
    return symbols == null ? size : Size.of(size.at(symbols));
  }

  private static ValueType floats(List<Size> shape) {
    require(
        shape.size() <= ModelGraph.MAX_RANK,
        "result %s; allowed: at most %d dimensions",
        shape,
        ModelGraph.MAX_RANK);
    return new ValueType(FLOAT32, shape);
  }

  /** A size that cannot be told without the symbols. */
  private static final class Unknown extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unknown() {
      super(null, null, false, false);
    }
  }
}

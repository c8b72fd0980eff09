// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.PoolShape;
import io.sparseland.kernels.ReduceOp;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.Provenance;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.Size;
import io.sparseland.kernels.graph.ValueType;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Grows a seeded random graph over [batch, 4, 6, 6] numbers and [batch, 5] ids: any operation on
 * any earlier values that fit, two outputs. Functions are Lipschitz, so that fp32 stays near fp64.
 */
final class RandomModel {

  private static final Size BATCH = Size.symbol("batch");

  private final Random random;
  private final List<StoredTensor> tensors = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, ValueType> types = new LinkedHashMap<>();
  private final List<Port> inputs =
      List.of(
          new Port("x", ElementType.FLOAT32, sizes(BATCH, 4, 6, 6)),
          new Port("ids", ElementType.INT64, sizes(BATCH, 5)));

  private RandomModel(long seed) {
    random = new Random(seed);
  }

  static ModelContent of(long seed, int operations) {
    return new RandomModel(seed).grow(operations);
  }

  private ModelContent grow(int operations) {
    types.put("x", new ValueType(ElementType.FLOAT32, inputs.get(0).shape()));
    add(new Op.Embedding(dense(11, 3)), List.of("ids"));
    while (nodes.size() < operations) {
      List<String> names = new ArrayList<>(types.keySet());
      int back = Math.min(names.size(), 1 + random.nextInt(5)); // mostly the newest values
      step(names.get(names.size() - back), names);
    }
    List<String> names = nodes.stream().map(Node::output).toList();
    List<Port> outputs =
        List.of(port(names.get(names.size() - 1)), port(names.get(names.size() / 2)));
    ModelGraph graph = new ModelGraph(inputs, nodes, outputs);
    return new ModelContent(graph, tensors, new Provenance("random", "", 0, Map.of()));
  }

  private void step(String x, List<String> names) {
    List<Size> shape = shape(x);
    int rank = shape.size();
    int axis = rank > 1 ? 1 + random.nextInt(rank - 1) : 0;
    Size last = shape.get(rank - 1);
    switch (random.nextInt(15)) {
      case 0, 1 -> {
        if (last.isConstant()) {
          int n = 1 + random.nextInt(9);
          add(new Op.Linear(matrix(n, last), bias(n), activation()), List.of(x));
        }
      }
      case 2, 3 -> convolution(x, shape);
      case 4 -> {
        if (rank == 4 && shape.get(2).constant() >= 2 && shape.get(3).constant() >= 2) {
          var kind = random.nextBoolean() ? PoolShape.Kind.MAX : PoolShape.Kind.AVERAGE;
          int pad = random.nextInt(2);
          add(
              new Op.Pool2d(new PoolShape(kind, 2, 2, 2, 1, pad, 0, false, random.nextBoolean())),
              List.of(x));
        }
      }
      case 5 -> {
        if (last.isConstant() && last.constant() > 1) {
          int n = (int) last.constant();
          add(new Op.LayerNorm(dense(n), dense(n), 0.1f), List.of(x));
        }
      }
      case 6 -> {
        if (rank >= 2) {
          int n = (int) shape.get(1).constant();
          add(new Op.ChannelAffine(dense(n), dense(n)), List.of(x));
        }
      }
      case 7 -> {
        UnaryOp[] safe = {
          UnaryOp.RELU,
          UnaryOp.TANH,
          UnaryOp.SIGMOID,
          UnaryOp.ABS,
          UnaryOp.NEG,
          UnaryOp.CLIP,
          UnaryOp.GELU_TANH
        };
        add(new Op.Unary(safe[random.nextInt(safe.length)], -1, 2), List.of(x));
      }
      case 8 -> binary(x, names);
      case 9 -> {
        BinaryOp op = List.of(BinaryOp.SUB, BinaryOp.MUL, BinaryOp.MAX).get(random.nextInt(3));
        add(new Op.BinaryScalar(op, 0.5f, random.nextBoolean()), List.of(x));
      }
      case 10 -> add(new Op.Softmax(axis, random.nextBoolean()), List.of(x));
      case 11 -> reshape(x, shape);
      case 12 -> concat(x, names, axis);
      case 13 -> {
        int size = rank > 1 ? (int) shape.get(axis).constant() : 1;
        if (size > 1) {
          int step = 1 + random.nextInt(2);
          add(new Op.Slice(axis, Size.of(random.nextInt(size)), Size.of(size), step), List.of(x));
        }
      }
      default -> {
        if (rank > 1) {
          ReduceOp op = List.of(ReduceOp.SUM, ReduceOp.MEAN, ReduceOp.MAX).get(random.nextInt(3));
          add(new Op.Reduce(op, List.of(axis), rank == 2 || random.nextBoolean()), List.of(x));
        }
      }
    }
  }

  private void convolution(String x, List<Size> shape) {
    if (shape.size() != 4) {
      return;
    }
    int channels = (int) shape.get(1).constant();
    int groups = channels % 2 == 0 && random.nextBoolean() ? 2 : 1;
    int out = groups * (1 + random.nextInt(3));
    String weight = weight(List.of(out, channels / groups, 3, 3));
    ConvShape conv = new ConvShape(3, 3, 1, 1 + random.nextInt(2), 1, 1, 1, 1, groups);
    add(new Op.Conv2d(weight, bias(out), activation(), conv), List.of(x));
  }

  private void binary(String x, List<String> names) {
    List<String> alike = names.stream().filter(name -> shape(name).equals(shape(x))).toList();
    BinaryOp op =
        List.of(BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MAX, BinaryOp.MIN).get(random.nextInt(4));
    if (random.nextInt(3) == 0) {
      Size last = shape(x).get(shape(x).size() - 1);
      String row =
          add(new Op.Constant(dense(last.isConstant() ? (int) last.constant() : 1)), List.of());
      add(new Op.Binary(op), random.nextBoolean() ? List.of(x, row) : List.of(row, x));
    } else {
      add(new Op.Binary(op), List.of(x, alike.get(random.nextInt(alike.size()))));
    }
  }

  /** Flattens behind the batch, or splits, transposes or multiplies with the transposed. */
  private void reshape(String x, List<Size> shape) {
    int rank = shape.size();
    if (rank == 3) {
      String t = add(new Op.Transpose(List.of(0, 2, 1)), List.of(x));
      if (random.nextBoolean()) {
        add(new Op.MatMul(), List.of(x, t));
      }
      return;
    }
    if (shape.get(0).isConstant()) {
      return; // a constant row
    }
    long rest = shape.stream().skip(1).mapToLong(Size::constant).reduce(1, (a, b) -> a * b);
    List<Size> flat =
        rank == 2 && rest % 2 == 0
            ? List.of(shape.get(0), Size.of(rest / 2), Size.of(2))
            : List.of(shape.get(0), Size.of(rest));
    add(new Op.Reshape(flat), List.of(x));
  }

  private void concat(String x, List<String> names, int axis) {
    List<String> alike = names.stream().filter(name -> shape(name).equals(shape(x))).toList();
    if (shape(x).size() > 1 && shape(x).get(axis).constant() < 20) {
      add(new Op.Concat(axis), List.of(x, alike.get(random.nextInt(alike.size()))));
    }
  }

  private String add(Op op, List<String> in) {
    String name = "v" + nodes.size();
    nodes.add(new Node(name, op, in, ""));
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    tensors.forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
    ModelGraph graph = new ModelGraph(inputs, nodes, List.of(inputs.get(0)));
    ValueType type = graph.infer(shapes).get(name);
    if (type == null) {
      throw new AssertionError("no shape for " + op);
    }
    types.put(name, type);
    return name;
  }

  private String matrix(int n, Size k) {
    return weight(List.of(n, (int) k.constant()));
  }

  /** Dense, masked for the sparse kernel, or masked for the dense one. */
  private String weight(List<Integer> shape) {
    String name = "w" + tensors.size();
    int elements = shape.stream().reduce(1, Math::multiplyExact);
    float scale = (float) (1 / Math.sqrt(elements / (double) shape.get(0)));
    int form = random.nextInt(3);
    if (form == 0) {
      tensors.add(StoredTensor.dense(name, shape, numbers(elements, scale)));
      return name;
    }
    long[] words = new long[(elements + 63) / 64];
    IntStream.range(0, elements)
        .filter(i -> random.nextInt(4) == 0)
        .forEach(i -> words[i / 64] |= 1L << (i % 64));
    int kept = IntStream.range(0, words.length).map(i -> Long.bitCount(words[i])).sum();
    KernelChoice choice = form == 1 ? KernelChoice.sparse("test") : KernelChoice.dense("test");
    tensors.add(
        new StoredTensor(
            name, shape, "unstructured", LongBuffer.wrap(words), numbers(kept, scale), choice));
    return name;
  }

  private String dense(Integer... shape) {
    String name = "t" + tensors.size();
    int elements = List.of(shape).stream().reduce(1, Math::multiplyExact);
    tensors.add(StoredTensor.dense(name, List.of(shape), numbers(elements, 0.7f)));
    return name;
  }

  private Optional<String> bias(int n) {
    return random.nextBoolean() ? Optional.of(dense(n)) : Optional.empty();
  }

  private Activation activation() {
    return List.of(Activation.NONE, Activation.RELU, Activation.TANH, Activation.SILU)
        .get(random.nextInt(4));
  }

  private FloatBuffer numbers(int count, float scale) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    return FloatBuffer.wrap(values);
  }

  private Port port(String name) {
    return new Port(name, ElementType.FLOAT32, shape(name));
  }

  private List<Size> shape(String name) {
    ValueType type = types.get(name);
    if (type == null) {
      throw new AssertionError("no value " + name);
    }
    return type.shape();
  }

  private static List<Size> sizes(Size first, int... rest) {
    List<Size> sizes = new ArrayList<>(List.of(first));
    IntStream.of(rest).forEach(n -> sizes.add(Size.of(n)));
    return sizes;
  }
}

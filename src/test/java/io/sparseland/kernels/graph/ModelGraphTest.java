// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import static io.sparseland.kernels.ElementType.FLOAT32;
import static io.sparseland.kernels.ElementType.INT64;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.PoolShape;
import io.sparseland.kernels.ReduceOp;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ModelGraphTest {

  private static final Size B = Size.symbol("batch");
  private static final Size S = Size.symbol("seq");

  private static final Map<String, List<Integer>> TENSORS =
      Map.of(
          "w", List.of(3, 4),
          "bias3", List.of(3),
          "vec4", List.of(4),
          "kernel", List.of(6, 1, 3, 3),
          "flat", List.of(6, 9),
          "table", List.of(10, 4));

  @ParameterizedTest(name = "{0}")
  @MethodSource("shapes")
  void infers_the_shape_of_each_operation(
      String name, Op op, List<List<Size>> inputs, List<Size> expected) {
    assertThat(infer(op, inputs).shape()).isEqualTo(expected);
  }

  static Stream<Arguments> shapes() {
    ConvShape conv = new ConvShape(3, 3, 2, 2, 1, 1, 1, 1, 2);
    PoolShape pool = new PoolShape(PoolShape.Kind.MAX, 2, 2, 2, 2, 0, 0, false, true);
    return Stream.of(
        Arguments.of("linear", linear(), in(shape(B, S, 4)), shape(B, S, 3)),
        Arguments.of(
            "conv2d, 2 groups: (8 + 2 - 3) / 2 + 1 = 4",
            new Op.Conv2d("kernel", Optional.empty(), Activation.NONE, conv),
            in(shape(B, 2, 8, 7)),
            shape(B, 6, 4, 4)),
        Arguments.of(
            "conv2d, flattened weight",
            new Op.Conv2d("flat", Optional.empty(), Activation.RELU, conv),
            in(shape(B, 2, 8, 8)),
            shape(B, 6, 4, 4)),
        Arguments.of("pool", new Op.Pool2d(pool), in(shape(B, 5, 7, 8)), shape(B, 5, 3, 4)),
        Arguments.of(
            "layer norm", new Op.LayerNorm("vec4", "vec4", 1e-5f), in(shape(B, 4)), shape(B, 4)),
        Arguments.of(
            "channel affine",
            new Op.ChannelAffine("vec4", "vec4"),
            in(shape(B, 4, 2, 2)),
            shape(B, 4, 2, 2)),
        Arguments.of(
            "broadcast",
            new Op.Binary(BinaryOp.ADD),
            in(shape(B, 1, S, 4), shape(7, 1, 4)),
            shape(B, 7, S, 4)),
        Arguments.of(
            "reshape",
            new Op.Reshape(shape(B.times(S), 4)),
            in(shape(B, S, 4)),
            shape(B.times(S), 4)),
        Arguments.of(
            "transpose", new Op.Transpose(List.of(0, 2, 1)), in(shape(B, S, 4)), shape(B, 4, S)),
        Arguments.of(
            "matmul", new Op.MatMul(), in(shape(B, 2, S, 4), shape(4, 5)), shape(B, 2, S, 5)),
        Arguments.of(
            "concat", new Op.Concat(1), in(shape(B, S, 4), shape(B, 2, 4)), shape(B, S.plus(2), 4)),
        Arguments.of(
            "slice to the end",
            new Op.Slice(1, Size.of(1), S, 1),
            in(shape(B, S, 4)),
            shape(B, S.plus(-1), 4)),
        Arguments.of(
            "slice by steps: elements 1, 4",
            new Op.Slice(1, Size.of(1), Size.of(6), 3),
            in(shape(B, 6)),
            shape(B, 2)),
        Arguments.of(
            "reduce",
            new Op.Reduce(ReduceOp.MEAN, List.of(2, 3), false),
            in(shape(B, 5, 7, 8)),
            shape(B, 5)),
        Arguments.of(
            "reduce, kept",
            new Op.Reduce(ReduceOp.SUM, List.of(1), true),
            in(shape(B, 5)),
            shape(B, 1)));
  }

  @Test
  void embedding_takes_ids_of_any_type() {
    ModelGraph graph =
        new ModelGraph(
            List.of(new Port("ids", INT64, shape(B, S))),
            List.of(new Node("y", new Op.Embedding("table"), List.of("ids"), "words")),
            List.of(new Port("y", FLOAT32, shape(B, S, 4))));

    assertThat(graph.infer(TENSORS).get("y")).isEqualTo(new ValueType(FLOAT32, shape(B, S, 4)));
    assertThat(graph.symbols()).containsExactly("batch", "seq");
    assertThat(graph.tensors()).containsExactly("table");
  }

  @Test
  void known_symbols_give_constant_sizes() {
    ModelGraph graph = graph(linear(), in(shape(B, S, 4)), shape(B, S, 3));

    Map<String, ValueType> types = graph.infer(TENSORS, Map.of("batch", 7L, "seq", 2L));

    assertThat(types.get("y")).isEqualTo(new ValueType(FLOAT32, shape(7, 2, 3)));
  }

  @Test
  void a_convolution_over_a_symbolic_height_is_told_only_with_its_value() {
    Op op = new Op.Conv2d("flat", Optional.empty(), Activation.NONE, ConvShape.square(3, 2, 1));
    ModelGraph graph =
        graph(op, in(shape(1, 1, Size.symbol("h"), 9)), shape(1, 6, Size.symbol("h"), 5));

    assertThat(graph.infer(TENSORS)).doesNotContainKey("y");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> graph.infer(TENSORS, Map.of("h", 9L)))
        .withMessage(
            "output 'y': declared as FLOAT32[1, 6, 9, 5], but the graph gives FLOAT32[1, 6, 5, 5]");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("misfits")
  void shapes_that_do_not_fit_name_node_and_operation(
      String message, Op op, List<List<Size>> inputs) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> infer(op, inputs))
        .withMessageStartingWith("node 'y' (" + op.kind() + " of layer 'l'): ")
        .withMessageContaining(message);
  }

  static Stream<Arguments> misfits() {
    return Stream.of(
        Arguments.of(
            "input [batch, 5] ends in 5; allowed: 4, the inputs of weight 'w' [3, 4]",
            linear(),
            in(shape(B, 5))),
        Arguments.of(
            "tensor 'vec4' is [4]; allowed: [3]",
            new Op.Linear("w", Optional.of("vec4"), Activation.NONE),
            in(shape(B, 4))),
        Arguments.of(
            "tensor 'none' does not exist",
            new Op.Linear("none", Optional.empty(), Activation.NONE),
            in(shape(B, 4))),
        Arguments.of("do not broadcast", new Op.Binary(BinaryOp.ADD), in(shape(B, 2), shape(B, 3))),
        Arguments.of("do not broadcast", new Op.Binary(BinaryOp.ADD), in(shape(B), shape(S))),
        Arguments.of("has 4 elements; allowed: batch", new Op.Reshape(shape(4)), in(shape(B))),
        Arguments.of("permutation [0, 0]", new Op.Transpose(List.of(0, 0)), in(shape(B, 4))),
        Arguments.of("axis 2; allowed: 0 to 1", new Op.Softmax(2, false), in(shape(B, 4))),
        Arguments.of(
            "axis -1; allowed: 0 to 1",
            new Op.Reduce(ReduceOp.MAX, List.of(-1), false),
            in(shape(B, 4))),
        Arguments.of(
            "axes [1, 1]; allowed: each once",
            new Op.Reduce(ReduceOp.MAX, List.of(1, 1), false),
            in(shape(B, 4))),
        Arguments.of("columns of the first", new Op.MatMul(), in(shape(2, 3), shape(2, 3))),
        Arguments.of("but for axis 1", new Op.Concat(1), in(shape(B, 2), shape(S, 2))),
        Arguments.of("from 3 to 3", new Op.Slice(1, Size.of(3), Size.of(3), 1), in(shape(B, 4))),
        Arguments.of("from 0 to 5", new Op.Slice(1, Size.of(0), Size.of(5), 1), in(shape(B, 4))),
        Arguments.of(
            "height 1 is smaller than the window",
            new Op.Pool2d(PoolShape.square(PoolShape.Kind.MAX, 2, 2)),
            in(shape(B, 1, 1, 4))),
        Arguments.of(
            "input has 3 channels; allowed: 1",
            new Op.Conv2d("kernel", Optional.empty(), Activation.NONE, ConvShape.square(3, 1, 0)),
            in(shape(B, 3, 8, 8))),
        Arguments.of(
            "a kernel of 2x2",
            new Op.Conv2d("kernel", Optional.empty(), Activation.NONE, ConvShape.square(2, 1, 0)),
            in(shape(B, 1, 8, 8))));
  }

  @Test
  void only_fp32_is_computed_with() {
    ModelGraph graph =
        new ModelGraph(
            List.of(new Port("x", INT64, shape(B, 4))),
            List.of(new Node("y", linear(), List.of("x"), "")),
            List.of(new Port("y", FLOAT32, shape(B, 3))));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> graph.infer(TENSORS))
        .withMessage("node 'y' (linear): input is INT64[batch, 4]; allowed: FLOAT32");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badStructures")
  void structure_is_checked(
      String message, List<Port> inputs, List<Node> nodes, List<Port> outputs) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ModelGraph(inputs, nodes, outputs))
        .withMessageContaining(message);
  }

  static Stream<Arguments> badStructures() {
    Port x = new Port("x", FLOAT32, shape(B, 4));
    Port y = new Port("y", FLOAT32, shape(B, 3));
    Node node = new Node("y", linear(), List.of("x"), "l");
    return Stream.of(
        Arguments.of("graph without outputs", List.of(x), List.of(node), List.of()),
        Arguments.of("'y': no input and no node defines it", List.of(x), List.of(), List.of(y)),
        Arguments.of("'y': named twice", List.of(x), List.of(node), List.of(y, y)),
        Arguments.of("'y' is defined twice", List.of(x), List.of(node, node), List.of(y)),
        Arguments.of("'x' is defined twice", List.of(x, x), List.of(node), List.of(y)),
        Arguments.of(
            "input 'z' is not defined before it",
            List.of(x),
            List.of(new Node("y", linear(), List.of("z"), "")),
            List.of(y)),
        Arguments.of(
            "input 'y' is not defined before it",
            List.of(x),
            List.of(new Node("y", linear(), List.of("y"), "")),
            List.of(y)),
        Arguments.of(
            "2 inputs [x, x]; allowed for this operation: 1",
            List.of(x),
            List.of(new Node("y", linear(), List.of("x", "x"), "")),
            List.of(y)),
        Arguments.of(
            "empty name",
            List.of(x),
            List.of(new Node("", linear(), List.of("x"), "")),
            List.of(y)),
        Arguments.of(
            "'2*seq' uses a symbol that no input binds; bound (alone in a dimension): [batch]",
            List.of(new Port("x", FLOAT32, shape(B, S.times(2)))),
            List.of(node),
            List.of(y)),
        Arguments.of(
            "'seq' uses a symbol",
            List.of(x),
            List.of(new Node("y", new Op.Reshape(shape(S)), List.of("x"), "")),
            List.of(y)),
        Arguments.of(
            "9 dimensions; allowed: at most 8",
            List.of(new Port("x", FLOAT32, shape(1, 1, 1, 1, 1, 1, 1, 1, 1))),
            List.of(node),
            List.of(y)));
  }

  private static Op.Linear linear() {
    return new Op.Linear("w", Optional.of("bias3"), Activation.NONE);
  }

  private static ValueType infer(Op op, List<List<Size>> inputs) {
    ModelGraph graph = graph(op, inputs, inputs.get(0));
    List<Port> first = List.of(graph.inputs().get(0)); // an output whose shape is known
    ModelGraph open = new ModelGraph(graph.inputs(), graph.nodes(), first);
    return requireNonNull(open.infer(TENSORS).get("y"));
  }

  private static ModelGraph graph(Op op, List<List<Size>> inputs, List<Size> output) {
    List<Port> ports =
        IntStream.range(0, inputs.size())
            .mapToObj(i -> new Port("x" + i, FLOAT32, inputs.get(i)))
            .toList();
    List<String> names = ports.stream().map(Port::name).toList();
    return new ModelGraph(
        ports, List.of(new Node("y", op, names, "l")), List.of(new Port("y", FLOAT32, output)));
  }

  private static List<List<Size>> in(List<Size> only) {
    return List.of(only);
  }

  private static List<List<Size>> in(List<Size> first, List<Size> second) {
    return List.of(first, second);
  }

  private static List<Size> shape(Object... sizes) {
    return Arrays.stream(sizes)
        .map(size -> size instanceof Size s ? s : Size.of((Integer) size))
        .toList();
  }
}

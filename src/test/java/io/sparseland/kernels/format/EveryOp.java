// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.PoolShape;
import io.sparseland.kernels.ReduceOp;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.Size;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Graphs for round trips. */
final class EveryOp {

  private static final Size B = Size.symbol("batch");
  private static final Provenance NOWHERE = new Provenance("every", "", -1, Map.of());

  private EveryOp() {}

  /** One linear layer, [batch, in] to [batch, out], with the weight "w". */
  static ModelContent linear(StoredTensor weight) {
    Size in = Size.of(weight.shape().get(1));
    Size out = Size.of(weight.shape().get(0));
    return new ModelContent(
        new ModelGraph(
            List.of(new Port("x", ElementType.FLOAT32, List.of(B, in))),
            List.of(node("y", new Op.Linear("w", Optional.empty(), Activation.NONE), "x")),
            List.of(new Port("y", ElementType.FLOAT32, List.of(B, out)))),
        List.of(weight),
        NOWHERE);
  }

  /** A graph in which every kind of operation occurs, with odd numbers as attributes. */
  static ModelContent content() {
    Random random = new Random(3);
    Size seq = Size.symbol("seq");
    List<Node> nodes =
        List.of(
            node(
                "c",
                new Op.Conv2d(
                    "conv",
                    Optional.empty(),
                    Activation.GELU_TANH,
                    new ConvShape(3, 3, 1, 2, 1, 0, 1, 1, 2)),
                "x"), // [b, 4, 8, 3]
            node("affine", new Op.ChannelAffine("four", "four"), "c"),
            node(
                "pool",
                new Op.Pool2d(new PoolShape(PoolShape.Kind.AVERAGE, 2, 3, 2, 1, 1, 0, true, false)),
                "affine"), // [b, 4, 5, 1]
            node("flat", new Op.Reshape(List.of(B, Size.of(20))), "pool"),
            node("h", new Op.Linear("fc", Optional.of("four"), Activation.SILU), "flat"),
            node("norm", new Op.LayerNorm("four", "four", 1e-12f), "h"),
            node("u", new Op.Unary(UnaryOp.CLIP, -0f, Float.POSITIVE_INFINITY), "norm"),
            node("s", new Op.BinaryScalar(BinaryOp.DIV, 0.1f, true), "u"),
            node("t", new Op.BinaryScalar(BinaryOp.MAX, Float.NEGATIVE_INFINITY, false), "s"),
            node("add", new Op.Binary(BinaryOp.ADD), "t", "h"),
            node("e", new Op.Embedding("table"), "ids"), // [b, seq, 4]
            node("et", new Op.Transpose(List.of(0, 2, 1)), "e"),
            node("mm", new Op.MatMul(), "e", "et"), // [b, seq, seq]
            node("soft", new Op.Softmax(2, true), "mm"),
            node("red", new Op.Reduce(ReduceOp.MAX, List.of(1, 2), true), "soft"), // [b, 1, 1]
            node("red2", new Op.Reshape(List.of(B, Size.of(1))), "red"),
            node("const", new Op.Constant("one")),
            node("sum", new Op.Binary(BinaryOp.SUB), "red2", "const"), // [b, 1]
            node("cat", new Op.Concat(1), "add", "sum"), // [b, 5]
            node("y", new Op.Slice(1, Size.of(1), Size.of(5), 2), "cat"), // [b, 2]
            node("z", new Op.Slice(1, Size.of(0), seq.plus(-1), 1), "ids"));
    return new ModelContent(
        new ModelGraph(
            List.of(
                new Port("x", ElementType.FLOAT32, List.of(B, Size.of(2), Size.of(8), Size.of(7))),
                new Port("ids", ElementType.INT64, List.of(B, seq))),
            nodes,
            List.of(
                new Port("y", ElementType.FLOAT32, List.of(B, Size.of(2))),
                new Port("z", ElementType.INT64, List.of(B, seq.plus(-1))))),
        List.of(
            Models.masked("conv", List.of(4, 1, 3, 3), 0.5, random),
            StoredTensor.dense("four", List.of(4), Models.values(4, random)),
            Models.masked("fc", List.of(4, 20), 0.3, random),
            StoredTensor.dense("table", List.of(9, 4), Models.values(36, random)),
            StoredTensor.dense("one", List.of(1), Models.values(1, random))),
        NOWHERE);
  }

  private static Node node(String output, Op op, String... inputs) {
    return new Node(output, op, List.of(inputs), "");
  }
}

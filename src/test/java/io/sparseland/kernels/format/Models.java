// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.Size;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Small models for tests. */
final class Models {

  private static final Size BATCH = Size.symbol("batch");

  private Models() {}

  /** 70 inputs, 5 sparse hidden units with relu, 3 outputs; seeded numbers. */
  static ModelContent mlp() {
    Random random = new Random(17);
    ModelGraph graph =
        new ModelGraph(
            List.of(new Port("x", ElementType.FLOAT32, List.of(BATCH, Size.of(70)))),
            List.of(
                new Node(
                    "h",
                    new Op.Linear("fc1", Optional.of("fc1.bias"), Activation.RELU),
                    List.of("x"),
                    "fc1"),
                new Node(
                    "y",
                    new Op.Linear("fc2", Optional.of("fc2.bias"), Activation.NONE),
                    List.of("h"),
                    "fc2")),
            List.of(new Port("y", ElementType.FLOAT32, List.of(BATCH, Size.of(3)))));
    return new ModelContent(
        graph,
        List.of(
            masked("fc1", List.of(5, 70), 0.1, random),
            StoredTensor.dense("fc1.bias", List.of(5), values(5, random)),
            StoredTensor.dense("fc2", List.of(3, 5), values(15, random)),
            StoredTensor.dense("fc2.bias", List.of(3), values(3, random))),
        new Provenance("mlp", "ab12", 17, Map.of("sparseland", "0.1.0", "djl", "0.36.0")));
  }

  /** {@link #mlp} with the first weight masked int8 and the second dense bf16. */
  static ModelContent quantised() {
    ModelContent fp32 = mlp();
    return new ModelContent(
        fp32.graph(),
        fp32.tensors().stream()
            .map(
                tensor ->
                    switch (tensor.name()) {
                      case "fc1" -> as(tensor, WeightType.INT8);
                      case "fc2" -> as(tensor, WeightType.BF16);
                      default -> tensor;
                    })
            .toList(),
        fp32.provenance());
  }

  private static StoredTensor as(StoredTensor tensor, WeightType type) {
    return new StoredTensor(
        tensor.name(),
        tensor.shape(),
        tensor.pattern(),
        tensor.mask(),
        tensor.matrix().as(type).values(),
        tensor.choice());
  }

  /** A masked tensor whose weights are kept with the given probability. */
  static StoredTensor masked(String name, List<Integer> shape, double density, Random random) {
    int elements = shape.stream().reduce(1, Math::multiplyExact);
    long[] words = new long[(elements + 63) / 64];
    int kept = 0;
    for (int i = 0; i < elements; i++) {
      if (random.nextDouble() < density) {
        words[i / 64] |= 1L << (i % 64);
        kept++;
      }
    }
    return new StoredTensor(
        name,
        shape,
        "unstructured",
        LongBuffer.wrap(words),
        values(kept, random),
        KernelChoice.sparse("measured"));
  }

  static FloatBuffer values(int count, Random random) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return FloatBuffer.wrap(values);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.PackedWeights;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.TypedValues;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.Provenance;
import io.sparseland.kernels.format.StoredTensor;
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
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a layer keeps in memory beside its canonical form: two packed forms, and nothing else. */
class WeightsMemoryTest {

  private static final int N = 96;
  private static final int K = 128;

  static Stream<Arguments> levelsAndTypes() {
    return Kernels.levels().stream()
        .flatMap(level -> Stream.of(WeightType.values()).map(type -> Arguments.of(level, type)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("levelsAndTypes")
  void a_layer_holds_two_packed_forms_at_most_also_after_use(String level, WeightType type) {
    Kernels kernels = Kernels.of(level);
    Matrix matrix = blocks(type);
    List<String> designs =
        kernels.designs().stream().filter(d -> kernels.refuses(matrix, d).isEmpty()).toList();
    assertThat(designs).isNotEmpty();
    for (String decode : designs) {
      for (String batch : designs) {
        long forms = bytes(kernels, matrix, batch);
        forms += decode.equals(batch) ? 0 : bytes(kernels, matrix, decode);
        try (Weights weights = new Weights(content(matrix, decode, batch), kernels)) {
          assertThat(weights.notes()).isEmpty();
          for (int tokens : new int[] {1, 2, 8, 64}) {
            kernels.linear(
                weights.packed("w", null),
                null,
                Activation.NONE,
                Tensor.allocate(ElementType.FLOAT32, tokens, K),
                Tensor.allocate(ElementType.FLOAT32, tokens, N));
          }
          assertThat(weights.bytes()).as(decode + "/" + batch).isEqualTo(forms);
        }
      }
    }
  }

  private static long bytes(Kernels kernels, Matrix matrix, String design) {
    try (PackedWeights packed = kernels.pack(matrix, design)) {
      assertThat(packed.bytes()).as(design).isPositive();
      return packed.bytes();
    }
  }

  /** A fifth of the blocks of 16 rows by 4 columns: a pattern that suits every design. */
  private static Matrix blocks(WeightType type) {
    Random random = new Random(5);
    LongBuffer mask = LongBuffer.allocate(N * K / 64);
    boolean[] block = new boolean[N / 16 * (K / 4)];
    for (int i = 0; i < block.length; i++) {
      block[i] = random.nextInt(5) == 0;
    }
    FloatBuffer values = FloatBuffer.allocate(N * K);
    for (int i = 0; i < N * K; i++) {
      if (block[i / K / 16 * (K / 4) + i % K / 4]) {
        mask.put(i / 64, mask.get(i / 64) | 1L << (i % 64));
        values.put((float) random.nextGaussian());
      }
    }
    return Matrix.sparse(N, K, mask, values.flip()).as(type);
  }

  private static ModelContent content(Matrix matrix, String decode, String batch) {
    TypedValues values = matrix.values();
    boolean dense = KernelChoice.DENSE.contains(decode) && KernelChoice.DENSE.contains(batch);
    KernelChoice choice = new KernelChoice(decode, batch, 4, dense ? "dense" : "test");
    StoredTensor weight =
        new StoredTensor("w", List.of(N, K), "16x4", matrix.mask(), values, choice);
    Size tokens = Size.symbol("tokens");
    return new ModelContent(
        new ModelGraph(
            List.of(new Port("x", ElementType.FLOAT32, List.of(tokens, Size.of(K)))),
            List.of(
                new Node(
                    "y", new Op.Linear("w", Optional.empty(), Activation.NONE), List.of("x"), "")),
            List.of(new Port("y", ElementType.FLOAT32, List.of(tokens, Size.of(N))))),
        List.of(weight),
        new Provenance("memory", "", -1, Map.of()));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Linear layers of each level against fp64, over tile, sub-tile and remainder sizes. */
class LinearTest {

  private static final int[] TOKENS = {1, 2, 3, 7, 8, 9, 31, 32, 33, 67};
  private static final int[] OUTPUTS = {1, 2, 15, 16, 17, 35, 97};
  private static final int[] INPUTS = {1, 2, 5, 127, 255, 256, 257, 515};
  private static final double[] SPARSITIES = {0, 0.5, 0.9, 0.99, 1};

  static Stream<String> levels() {
    return Kernels.levels().stream();
  }

  static Stream<Arguments> levelsAndTokens() {
    return levels()
        .flatMap(level -> java.util.Arrays.stream(TOKENS).mapToObj(m -> Arguments.of(level, m)));
  }

  @ParameterizedTest(name = "{0}, {1} tokens")
  @MethodSource("levelsAndTokens")
  void stays_within_the_bound_for_every_shape_and_sparsity(String level, int m) {
    Kernels kernels = Kernels.of(level);
    Samples samples = new Samples(m);
    for (int n : OUTPUTS) {
      for (int k : INPUTS) {
        Tensor x = samples.tensor(m, k);
        Tensor bias = (n + k) % 2 == 0 ? samples.tensor(n) : null;
        for (double sparsity : SPARSITIES) {
          compare(kernels, samples.matrix(n, k, sparsity), true, bias, x);
        }
        compare(kernels, samples.matrix(n, k, 0), false, bias, x);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void stays_within_the_bound_over_several_chunks_of_rows(String level) {
    Samples samples = new Samples(5);

    compare(Kernels.of(level), samples.matrix(1300, 300, 0.8), true, null, samples.tensor(5, 300));
    compare(Kernels.of(level), samples.matrix(1300, 300, 0), false, null, samples.tensor(5, 300));
  }

  @ParameterizedTest
  @MethodSource("levels")
  void fuses_every_activation(String level) {
    Kernels kernels = Kernels.of(level);
    for (Activation act : Activation.values()) {
      for (int m : new int[] {1, 5, 40}) {
        for (boolean sparse : new boolean[] {true, false}) {
          Samples samples = new Samples(m);
          Samples.Matrix w = samples.matrix(21, 30, sparse ? 0.5 : 0);
          Tensor x = samples.tensor(m, 30);
          Tensor bias = samples.tensor(21);
          Tensor y = Tensor.allocate(ElementType.FLOAT32, m, 21);
          try (PackedWeights packed = w.pack(kernels, sparse)) {
            kernels.linear(packed, bias, act, x, y);
          }
          float[] in = x.toArray();
          float[] out = y.toArray();
          for (int i = 0; i < out.length; i++) {
            int token = i / 21;
            Reference.Sum sum =
                Reference.dot(w, i % 21, j -> in[token * 30 + j], bias.toArray()[i % 21]);
            double expected = Reference.activation(act, sum.value());
            // every activation has a slope of at most 1.13
            double bound = 1.2 * sum.bound() + Reference.functionBound(sum.value(), expected);
            Reference.close(out[i], expected, bound, level + " " + act + " " + i);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void special_values_propagate_as_in_fp64(String level) {
    Kernels kernels = Kernels.of(level);
    float[] specials = {
      Float.NaN,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      1e-41f,
      -0f,
      0f,
      1e30f,
      -1e30f,
      1e-30f
    };
    for (boolean sparse : new boolean[] {true, false}) {
      for (int m : new int[] {1, 4, 33}) {
        Samples samples = new Samples(m);
        Samples.Matrix w = samples.matrix(19, 20, sparse ? 0.7 : 0);
        float[] values = samples.normal(m * 20);
        for (int i = 0; i < specials.length; i++) {
          values[i * 7 % values.length] = specials[i];
          w.values()[i * 41 % w.values().length] = specials[(i + 4) % specials.length];
        }
        compare(kernels, w, sparse, null, Tensor.of(values, m, 20));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void a_pruned_weight_meets_no_input(String level) {
    // W = [2, -], x = [3, NaN]: the pruned weight is absent, it is not 0 times NaN
    Kernels kernels = Kernels.of(level);
    Samples.Matrix w = new Samples.Matrix(1, 2, new float[] {2, 5}, new boolean[] {true, false});
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 1, 1);

    try (PackedWeights packed = w.sparse(kernels)) {
      kernels.linear(packed, null, Activation.NONE, Tensor.of(new float[] {3, Float.NaN}, 1, 2), y);
    }

    assertThat(y.toArray()).containsExactly(6);
  }

  @ParameterizedTest
  @MethodSource("levels")
  void a_token_gives_the_same_bits_in_any_batch(String level) {
    Kernels kernels = Kernels.of(level);
    Samples samples = new Samples(3);
    Tensor x = samples.tensor(70, 600);
    List<Tensor> results = new ArrayList<>();

    try (PackedWeights w = samples.matrix(90, 600, 0.9).sparse(kernels)) {
      for (int m : new int[] {1, 2, 4, 9, 17, 33, 70}) {
        Tensor y = Tensor.allocate(ElementType.FLOAT32, m, 90);
        Tensor some = Tensor.wrap(x.bytes(), ElementType.FLOAT32, m, 600);
        kernels.linear(w, null, Activation.RELU, some, y);
        results.add(y);
      }
    }

    float[] last = results.get(results.size() - 1).toArray();
    for (Tensor y : results) {
      assertThat(y.toArray()).isEqualTo(java.util.Arrays.copyOf(last, y.size()));
    }
  }

  @Test
  void leading_dimensions_are_tokens() {
    Kernels kernels = Kernels.best();
    Samples samples = new Samples(1);
    Tensor x = samples.tensor(2, 3, 8);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, 3, 4);
    Tensor flat = Tensor.allocate(ElementType.FLOAT32, 6, 4);

    try (PackedWeights w = samples.matrix(4, 8, 0.5).sparse(kernels)) {
      kernels.linear(w, null, Activation.NONE, x, y);
      kernels.linear(w, null, Activation.NONE, x.reshape(6, 8), flat);
    }

    assertThat(y.toArray()).isEqualTo(flat.toArray());
  }

  private static void compare(
      Kernels kernels,
      Samples.Matrix w,
      boolean sparse,
      @org.jspecify.annotations.Nullable Tensor bias,
      Tensor x) {
    int m = x.dimension(0);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, m, w.n());
    try (PackedWeights packed = w.pack(kernels, sparse)) {
      assertThat(packed.design(m)).isEqualTo(sparse ? Kernels.SPARSE : Kernels.DENSE);
      kernels.linear(packed, bias, Activation.NONE, x, y);
    }
    Samples.Matrix meant = sparse ? w : w.full();
    float[] in = x.toArray();
    float[] out = y.toArray();
    float[] biases = bias == null ? new float[w.n()] : bias.toArray();
    for (int t = 0; t < m; t++) {
      int first = t * w.k();
      for (int o = 0; o < w.n(); o++) {
        Reference.Sum sum = Reference.dot(meant, o, i -> in[first + i], biases[o]);
        Reference.close(
            out[t * w.n() + o],
            sum.value(),
            sum.bound(),
            kernels.name() + " sparse=" + sparse + " x=" + x + " y=" + y + " at " + t + "," + o);
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** bf16 and int8: rounding by hand, products of every design of every level against fp64. */
class WeightTypesTest {

  private static final int[][] SIZES = {{1, 1}, {3, 5}, {16, 16}, {35, 257}, {20, 130}};
  private static final int[] TOKENS = {1, 2, 7, 16, 33};
  private static final double U = 0x1p-24;

  static Stream<Arguments> levelsAndTypes() {
    return Kernels.levels().stream()
        .flatMap(level -> Stream.of(WeightType.values()).map(type -> Arguments.of(level, type)));
  }

  @Test
  void bf16_rounds_to_nearest_even() {
    // 1 + 2^-8 lies between 1 and 1 + 2^-7: a tie, to the even 1; 1 + 3 * 2^-8 to the even 1 + 2^-6
    float[] values = {1, 1 + 0x1p-8f, 1 + 3 * 0x1p-8f, -1 - 0x1.01p-8f, 3.4e38f, Float.NaN};

    TypedValues rounded = TypedValues.bf16(FloatBuffer.wrap(values));

    assertThat(rounded.get(0)).isEqualTo(1);
    assertThat(rounded.get(1)).isEqualTo(1);
    assertThat(rounded.get(2)).isEqualTo(1 + 0x1p-6f);
    assertThat(rounded.get(3)).isEqualTo(-1 - 0x1p-7f);
    assertThat(rounded.get(4)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(rounded.get(5)).isNaN();
    assertThat(rounded.firstNotFinite()).isEqualTo(4);
  }

  @Test
  void int8_scales_each_row_by_its_largest_weight() {
    // row 0: [-254, 1, 3], scale 2: -127, 0.5 and 1.5 are ties to the even 0 and 2; row 1: zeros
    FloatBuffer values = FloatBuffer.wrap(new float[] {-254, 1, 3, 0});
    LongBuffer mask = LongBuffer.wrap(new long[] {0b100111});

    TypedValues quantised = TypedValues.int8(2, 3, mask, values);

    assertThat(quantised.bytes()).isEqualTo(ByteBuffer.wrap(new byte[] {-127, 0, 2, 0}));
    assertThat(quantised.scales()).isEqualTo(FloatBuffer.wrap(new float[] {2, 0}));
  }

  @Test
  void a_number_that_is_not_finite_is_found_wherever_it_stands() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      for (int size = 1; size < 12; size++) {
        float[] values = new Samples(size).normal(size);
        values[0] = -Float.MAX_VALUE / 2;
        FloatBuffer good = FloatBuffer.wrap(values.clone());
        assertThat(TypedValues.fp32(good).firstNotFinite()).isEqualTo(-1);
        assertThat(TypedValues.bf16(good).firstNotFinite()).isEqualTo(-1);
        for (int i = 0; i < size; i++) {
          float[] damaged = values.clone();
          damaged[i] = bad;
          FloatBuffer all = FloatBuffer.wrap(damaged);
          assertThat(TypedValues.fp32(all).firstNotFinite()).isEqualTo(i);
          assertThat(TypedValues.bf16(all).firstNotFinite()).isEqualTo(i);
        }
      }
    }
  }

  @Test
  void tokens_are_quantised_by_their_largest_input() {
    // the first token has scale 1, the second 0; NaN gives 0
    float[] x = {127, 0.5f, 1.5f, 0, 0, Float.NaN};

    float[] scales = JavaInputs.int8(x, 2, 3, 3, 1);

    assertThat(scales).containsExactly(1, 0);
    assertThat(x).containsExactly(127, 0, 2, 0, 0, 0);
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("levelsAndTypes")
  void every_design_stays_within_the_bound_of_what_is_stored(String level, WeightType type) {
    Kernels kernels = Kernels.of(level);
    Samples samples = new Samples(11);
    int products = 0;
    for (int[] size : SIZES) {
      Matrix w = samples.matrix(size[0], size[1], 0.6).masked().as(type);
      for (String design : kernels.designs()) {
        if (kernels.refuses(w, design).isPresent()) {
          continue;
        }
        try (PackedWeights packed = kernels.pack(w, design)) {
          assertThat(packed.type()).isEqualTo(type);
          for (int m : TOKENS) {
            compare(kernels, w, packed, samples.tensor(m, size[1]), samples.tensor(size[0]));
            products++;
          }
        }
      }
    }
    // without a native design for the type, the runtime expands the weights
    assertThat(products > 0 || type != WeightType.FP32).isTrue();
    assertThat(products > 0 || !level.equals("java")).isTrue();
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("levelsAndTypes")
  void int8_gives_the_bits_of_the_java_twin(String level, WeightType type) {
    if (type != WeightType.INT8) {
      return;
    }
    Kernels kernels = Kernels.of(level);
    Samples samples = new Samples(12);
    for (int[] size : SIZES) {
      Matrix w = samples.matrix(size[0], size[1], 0.5).masked().as(type);
      for (String design : kernels.designs()) {
        for (int m : TOKENS) {
          if (kernels.refuses(w, design).isEmpty()) {
            Tensor x = samples.tensor(m, size[1]);
            assertThat(product(kernels, w, design, x))
                .as("%s %s", design, w)
                .isEqualTo(product(Kernels.of("java"), w, Kernels.SPARSE, x));
          }
        }
      }
    }
  }

  @Test
  void two_forms_are_taken_by_the_number_of_tokens() {
    Kernels kernels = Kernels.best();
    Samples samples = new Samples(13);
    Matrix w = samples.matrix(9, 20, 0.5).masked();

    try (PackedWeights both = kernels.pack(w, Kernels.SPARSE, Kernels.DENSE, 4);
        PackedWeights sparse = kernels.pack(w, Kernels.SPARSE);
        PackedWeights dense = kernels.pack(w, Kernels.DENSE)) {
      assertThat(List.of(both.design(1), both.design(3), both.design(4), both.design(99)))
          .containsExactly("csr", "csr", "dense", "dense");
      assertThat(both.bytes()).isEqualTo(sparse.bytes() + dense.bytes());
      for (int m : new int[] {1, 3, 4, 40}) {
        Tensor x = samples.tensor(m, 20);
        Tensor y = Tensor.allocate(ElementType.FLOAT32, m, 9);
        Tensor one = Tensor.allocate(ElementType.FLOAT32, m, 9);
        kernels.linear(both, null, Activation.NONE, x, y);
        kernels.linear(m < 4 ? sparse : dense, null, Activation.NONE, x, one);
        assertThat(y.toArray()).isEqualTo(one.toArray());
      }
    }
  }

  private static float[] product(Kernels kernels, Matrix w, String design, Tensor x) {
    Tensor y = Tensor.allocate(ElementType.FLOAT32, x.dimension(0), w.outputs());
    try (PackedWeights packed = kernels.pack(w, design)) {
      kernels.linear(packed, null, Activation.NONE, x, y);
    }
    return y.toArray();
  }

  private static void compare(
      Kernels kernels, Matrix w, PackedWeights packed, Tensor x, Tensor bias) {
    int m = x.dimension(0);
    int k = w.inputs();
    int n = w.outputs();
    Tensor y = Tensor.allocate(ElementType.FLOAT32, m, n);
    kernels.linear(packed, bias, Activation.NONE, x, y);
    float[] stored = weights(w);
    float[] seen = x.toArray();
    float[] scales = new float[m];
    java.util.Arrays.fill(scales, 1);
    if (w.values().type() == WeightType.BF16) {
      for (int i = 0; i < seen.length; i++) {
        seen[i] = TypedValues.bf16(FloatBuffer.wrap(new float[] {seen[i]})).get(0);
      }
    } else if (w.values().type() == WeightType.INT8) {
      scales = JavaInputs.int8(seen, m, k, k, 1);
    }
    for (int i = 0; i < m * n; i++) {
      double sum = 0;
      double magnitude = 0;
      for (int j = 0; j < k; j++) {
        double product = (double) stored[i % n * k + j] * seen[i / n * k + j];
        sum += product;
        magnitude += Math.abs(product);
      }
      boolean int8 = w.values().type() == WeightType.INT8;
      double scale =
          int8 ? (double) scales[i / n] * requireNonNull(w.values().scales()).get(i % n) : 1;
      double b = bias.floats().get(i % n);
      // int8: an exact integer, converted and scaled twice, then the bias
      double terms = int8 ? 5 : k + 2;
      double bound =
          1.02 * U * (terms * scale * (int8 ? Math.abs(sum) : magnitude) + 2 * Math.abs(b));
      assertThat(Math.abs(y.floats().get(i) - (scale * sum + b)))
          .as("%s %s %s at %d", kernels.name(), packed.design(m), w, i)
          .isLessThanOrEqualTo(bound);
    }
  }

  /** All weights, pruned ones 0, without scales. */
  private static float[] weights(Matrix w) {
    float[] all = new float[w.outputs() * w.inputs()];
    LongBuffer mask = requireNonNull(w.mask());
    assertThat(w.values().bytes().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    for (int i = 0; i < all.length; i++) {
      if ((mask.get(i / 64) >>> (i % 64) & 1) != 0) {
        all[i] = w.values().get(at++);
      }
    }
    return all;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The inner loops of the Java kernels against fp64. */
class RowSumsTest {

  /** Both where the JVM has the vector module, as the JVM of the tests does. */
  static Stream<RowSums> implementations() {
    return Stream.of(RowSums.plain(), RowSums.best());
  }

  @Test
  void the_vector_module_is_used_where_it_is_present() {
    boolean present = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    assertThat(RowSums.best().name()).startsWith(present ? "Java vectors of" : "plain Java");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("implementations")
  void a_hand_worked_row(RowSums product) {
    // columns 2 and 0 with weights 3 and -1; two tokens: 3 * (5, 6) - (1, 2) = (14, 16)
    float[] sums = {9, 9, 9};
    product.row(
        new float[] {7, 3, -1},
        new int[] {9, 2, 0},
        1,
        3,
        new float[] {1, 2, 3, 4, 5, 6},
        2,
        sums,
        1);

    assertThat(sums).containsExactly(9, 14, 16);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("implementations")
  void stays_within_the_bound_for_any_number_of_tokens(RowSums product) {
    Random random = new Random(5);
    for (int tokens : new int[] {1, 3, 15, 16, 31, 32, 33, 64, 67}) {
      int k = 1 + random.nextInt(300);
      float[] values = floats(random, k);
      float[] panel = floats(random, k * tokens);
      float[] sums = new float[tokens + 2];

      product.row(values, new int[0], 0, k, panel, tokens, sums, 1);

      assertThat(sums[0]).isZero();
      assertThat(sums[tokens + 1]).isZero();
      for (int t = 0; t < tokens; t++) {
        double exact = 0;
        double magnitude = 0;
        for (int i = 0; i < k; i++) {
          exact += (double) values[i] * panel[i * tokens + t];
          magnitude += Math.abs((double) values[i] * panel[i * tokens + t]);
        }
        // two roundings a term at most
        assertThat(Math.abs(sums[t + 1] - exact)).isLessThanOrEqualTo(2 * k * 0x1p-24 * magnitude);
      }
    }
  }

  private static float[] floats(Random random, int size) {
    float[] x = new float[size];
    for (int i = 0; i < size; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }
}

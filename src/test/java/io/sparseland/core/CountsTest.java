// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CountsTest {

  @ParameterizedTest
  @CsvSource({
    "0.29, 100, 29", // 28.999999999999996 in binary floating point
    "0.5, 12, 6",
    "0.5, 7, 3",
    "0.9, 235200, 211680",
    "0.9, 1000, 900",
    "0, 10, 0",
    "1, 10, 10",
    "0.999999, 10, 9",
    "0.3, 0, 0"
  })
  void rounds_down_with_a_slack(double sparsity, long n, long expected) {
    assertThat(Counts.pruned(sparsity, n)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.01, Double.NaN})
  void refuses_what_is_no_fraction(double sparsity) {
    assertThatThrownBy(() -> Counts.pruned(sparsity, 10))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sparsity is " + sparsity)
        .hasMessageContaining("0 to 1");
  }

  @Test
  void largest_remainder_gives_the_rest_to_the_largest_fractions() {
    // floors 1, 2, 3 leave 1 of 7; remainders .2 .3 .5
    assertThat(Counts.largestRemainder(new double[] {1.2, 2.3, 3.5}, 7, new long[] {9, 9, 9}))
        .containsExactly(1, 2, 4);
  }

  @Test
  void equal_remainders_favour_the_earlier() {
    double third = 1.0 / 3;
    assertThat(
            Counts.largestRemainder(
                new double[] {1 + third, 2 + third, 1 + third}, 5, new long[] {9, 9, 9}))
        .containsExactly(2, 2, 1);
  }

  @Test
  void no_share_exceeds_its_cap() {
    assertThat(Counts.largestRemainder(new double[] {5, 1.5, 1.5}, 8, new long[] {3, 4, 9}))
        .containsExactly(3, 3, 2);
  }

  @Test
  void more_than_the_caps_is_refused() {
    assertThatThrownBy(() -> Counts.largestRemainder(new double[] {4}, 4, new long[] {3}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("total is 4, allowed: 0 to 3 (the caps' sum)");
  }

  @Test
  void sums_are_exact_and_within_one_of_the_share() {
    Random random = new Random(3);
    for (int trial = 0; trial < 200; trial++) {
      int n = 1 + random.nextInt(12);
      double[] shares = random.doubles(n, 0, 50).toArray();
      long total = Math.round(Arrays.stream(shares).sum());
      double excess = total - Arrays.stream(shares).sum();
      shares[0] = Math.max(0, shares[0] + excess); // so that the shares add up
      total = Math.round(Arrays.stream(shares).sum());
      long[] caps = new long[n];
      Arrays.fill(caps, 1000);

      long[] counts = Counts.largestRemainder(shares, total, caps);

      assertThat(Arrays.stream(counts).sum()).isEqualTo(total);
      for (int i = 0; i < n; i++) {
        assertThat(Math.abs(counts[i] - shares[i])).isLessThanOrEqualTo(1 + 1e-9);
      }
    }
  }
}

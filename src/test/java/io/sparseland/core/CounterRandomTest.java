// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CounterRandomTest {

  @Test
  void the_finaliser_is_that_of_splitmix64() {
    // reference generator with seed 0: its outputs are mix(golden), mix(2 golden)
    assertThat(CounterRandom.mix(0x9E3779B97F4A7C15L)).isEqualTo(0xE220A8397B1DCDAFL);
    assertThat(CounterRandom.mix(0x3C6EF372FE94F82AL)).isEqualTo(0x6E789E6AA1B965F4L);
  }

  @Test
  void the_same_key_gives_the_same_numbers_in_any_order() {
    CounterRandom a = CounterRandom.of(17, "encoder.0", 300);
    CounterRandom b = CounterRandom.of(17, "encoder.0", 300);

    double later = a.uniform(1000);

    assertThat(b.uniform(0)).isEqualTo(a.uniform(0));
    assertThat(b.uniform(1000)).isEqualTo(later);
  }

  @Test
  void seed_name_step_and_index_each_change_the_number() {
    Set<Long> seen = new HashSet<>();
    for (long seed = 0; seed < 10; seed++) {
      for (String name : new String[] {"a", "b", "ab", "ba", ""}) {
        for (long step = 0; step < 10; step++) {
          for (long index = 0; index < 10; index++) {
            seen.add(CounterRandom.of(seed, name, step).bits(index));
          }
        }
      }
    }

    assertThat(seen).hasSize(10 * 5 * 10 * 10);
  }

  @Test
  void numbers_are_uniform_between_0_and_1() {
    int n = 100_000;
    CounterRandom random = CounterRandom.of(1, "w", 0);
    double[] values = IntStream.range(0, n).mapToDouble(random::uniform).toArray();
    int[] bins = new int[10];
    for (double value : values) {
      assertThat(value).isGreaterThan(0).isLessThan(1);
      bins[(int) (value * 10)]++;
    }

    // a bin holds 10,000 with standard deviation sqrt(n 0.1 0.9) = 95; six of them
    for (int count : bins) {
      assertThat((double) count).isCloseTo(10_000, within(570.0));
    }
  }
}

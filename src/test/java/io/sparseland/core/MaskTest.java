// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static io.sparseland.core.Fixtures.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MaskTest {

  private static final Geometry G = Geometry.linear(2, 3);

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 64, 65, 127, 128, 1000})
  void all_keeps_all_and_none_keeps_none(int size) {
    Geometry g = Geometry.linear(1, size);

    assertThat(Mask.all(g).kept()).isEqualTo(size);
    assertThat(Mask.all(g).sparsity()).isZero();
    assertThat(Mask.none(g).kept()).isZero();
    assertThat(Mask.none(g).sparsity()).isEqualTo(1);
    assertThat(Mask.of(g, Pattern.unstructured(), Mask.all(g).words())).isEqualTo(Mask.all(g));
  }

  @Test
  void bits_are_lowest_first_row_major() {
    Mask mask = Mask.of(G, Pattern.unstructured(), new long[] {0b100101});

    assertThat(bits(mask)).isEqualTo("101 001");
    assertThat(mask.kept()).isEqualTo(3);
    assertThat(mask.sparsity()).isEqualTo(0.5);
    assertThat(mask.keptSet()).isEqualTo(BitSet.valueOf(new long[] {0b100101}));
  }

  @Test
  void the_array_is_zero_and_one_out_by_in() {
    try (NDManager manager = NDManager.newBaseManager()) {
      var array = Mask.of(G, Pattern.unstructured(), new long[] {0b100101}).toArray(manager);

      assertThat(array.getShape()).isEqualTo(new Shape(2, 3));
      assertThat(array.toFloatArray()).containsExactly(1, 0, 1, 0, 0, 1);
    }
  }

  @Test
  void what_was_given_or_handed_out_does_not_change_it() {
    long[] words = {0b111};
    Mask mask = Mask.of(G, Pattern.unstructured(), words);
    words[0] = 0;
    mask.words()[0] = 0;
    mask.keptSet().clear();

    assertThat(bits(mask)).isEqualTo("111 000");
  }

  @Test
  void a_bit_beyond_the_last_weight_is_refused() {
    assertThatThrownBy(() -> Mask.of(G, Pattern.unstructured(), new long[] {1L << 6}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("beyond the last weight (5)");
  }

  @Test
  void a_wrong_number_of_words_is_refused() {
    assertThatThrownBy(() -> Mask.of(G, Pattern.unstructured(), new long[2]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 mask words for 6 weights, allowed: 1");
  }

  @Test
  void bits_that_break_the_pattern_are_refused() {
    assertThatThrownBy(() -> Mask.of(Geometry.linear(1, 4), Pattern.nm(2, 4), new long[] {0b0111}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("keeps 3 weights, pattern 2:4 wants 2");
    assertThatThrownBy(() -> Mask.of(G, Pattern.row(), new long[] {0b000011}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unit 0 of pattern row keeps 2 of its 3");
  }

  @Test
  void an_index_out_of_range_is_refused() {
    Mask mask = Mask.all(G);

    assertThatThrownBy(() -> mask.get(6)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> mask.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void and_keeps_what_both_keep() {
    Mask a = Mask.of(G, Pattern.unstructured(), new long[] {0b110101});
    Mask b = Mask.of(G, Pattern.unstructured(), new long[] {0b011100});

    assertThat(bits(a.and(b))).isEqualTo("001 010");
    assertThat(a.and(b).isSubsetOf(a)).isTrue();
    assertThat(a.isSubsetOf(b)).isFalse();
  }

  @Test
  void and_of_two_different_2_of_4_is_no_longer_2_of_4() {
    Geometry g = Geometry.linear(1, 4);
    Mask a = Mask.of(g, Pattern.nm(2, 4), new long[] {0b0011});
    Mask b = Mask.of(g, Pattern.nm(2, 4), new long[] {0b0110});

    assertThat(a.and(a).pattern()).isEqualTo(Pattern.nm(2, 4));
    assertThat(a.and(b).pattern()).isEqualTo(Pattern.unstructured());
    assertThat(a.and(b).kept()).isEqualTo(1);
  }

  @Test
  void the_hash_is_that_of_geometry_and_bits() {
    Mask mask = Mask.of(G, Pattern.unstructured(), new long[] {0b100101});

    // printf '02000000 03000000 03000000 01000000 01000000 01000000 2500000000000000' | xxd -r -p |
    // sha256sum
    assertThat(mask.hash())
        .isEqualTo("8dfc76df905309823f4480bc5280e18b0d5b2a29d0de9a52a60a28be445081c8");
    assertThat(Mask.all(G).hash()).isNotEqualTo(mask.hash());
    assertThat(Mask.all(Geometry.linear(3, 2)).hash()).isNotEqualTo(Mask.all(G).hash());
  }

  @Test
  void filling_writes_over_the_pruned_only() {
    float[] values = {-1, -2, -3, -4, -5, -6};

    Mask.of(G, Pattern.unstructured(), new long[] {0b100101}).fillPruned(values, 0);

    assertThat(values).containsExactly(-1, 0, -3, 0, 0, -6);
    assertThat(Float.floatToRawIntBits(values[1])).isZero(); // not -0.0
  }

  @Test
  @Tag("slow")
  void selecting_ten_million_weights_agrees_with_a_count_of_the_scores_below() {
    int n = 10_000_000;
    Random random = new Random(1);
    float[] scores = new float[n];
    for (int i = 0; i < n; i++) {
      scores[i] = random.nextInt(1000); // ten thousand ties each
    }

    Mask mask =
        Pattern.unstructured()
            .select(scores, Geometry.linear(1000, 10_000), 9_000_000, Scope.LAYER);

    assertThat(mask.kept()).isEqualTo(1_000_000);
    float highestPruned = 0;
    float lowestKept = Float.MAX_VALUE;
    for (int i = 0; i < n; i++) {
      if (mask.get(i)) {
        lowestKept = Math.min(lowestKept, scores[i]);
      } else {
        highestPruned = Math.max(highestPruned, scores[i]);
      }
    }
    assertThat(lowestKept).isGreaterThanOrEqualTo(highestPruned);
  }
}

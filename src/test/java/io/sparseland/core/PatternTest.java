// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static io.sparseland.core.Fixtures.bits;
import static io.sparseland.core.Fixtures.flat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Worked cases of algorithms/post-training.md section 2 and sparse-training.md section 7.1. */
class PatternTest {

  private static final Geometry G0 = Geometry.linear(3, 4);

  @Test
  void layer_scope_breaks_the_tie_of_flat_2_and_4_against_the_lower() {
    Mask mask = Pattern.unstructured().select(abs(Fixtures.w0()), G0, 6, Scope.LAYER);

    assertThat(bits(mask)).isEqualTo("1101 1010 0001");
  }

  @Test
  void row_scope_prunes_the_same_number_in_every_row() {
    Mask mask = Pattern.unstructured().select(abs(Fixtures.w0()), G0, 2, Scope.ROW);

    assertThat(bits(mask)).isEqualTo("1100 1010 0011");
  }

  @Test
  void two_of_four_equals_row_scope_on_four_columns() {
    Mask mask = Pattern.nm(2, 4).select(abs(Fixtures.w0()), G0, 2, Scope.LAYER);

    assertThat(bits(mask)).isEqualTo("1100 1010 0011");
    assertThat(mask.pattern()).isEqualTo(Pattern.nm(2, 4));
  }

  @ParameterizedTest
  @CsvSource({
    "2:4, 1001 0101  0101 1010",
    "1:4, 1000 0100  0100 1000",
    "2:8, 1001 0000  0100 1000"
  })
  void keeps_n_of_every_m(String pattern, String expected) {
    float[] w = {
      .9f, -.1f, .2f, -.7f, .05f, .6f, -.3f, .4f, -.2f, .8f, .1f, .3f, -.5f, .02f, .45f, -.06f
    };
    Pattern.NM nm = (Pattern.NM) Pattern.parse(pattern);

    Mask mask = nm.select(abs(w), Geometry.linear(2, 8), nm.group() - nm.keep(), Scope.ROW);

    assertThat(bits(mask).replace(" ", "")).isEqualTo(expected.replace(" ", ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.5,-0.5,0.5,0.5", "0,0,0,0", "-0.0,0,0,-0.0"})
  void equal_scores_prune_the_lower_index_first(String weights) {
    Mask mask = Pattern.nm(2, 4).select(abs(flat(weights)), Geometry.linear(1, 4), 2, Scope.LAYER);

    assertThat(bits(mask)).isEqualTo("0011");
  }

  @Test
  void fewer_pruned_than_the_pattern_allows_is_a_denser_pattern() {
    Mask mask = Pattern.nm(2, 4).select(abs(Fixtures.w0()), G0, 1, Scope.LAYER);

    assertThat(bits(mask)).isEqualTo("1101 1110 0111");
    assertThat(mask.pattern()).isEqualTo(Pattern.nm(3, 4));
  }

  @Test
  void more_pruned_than_the_pattern_allows_is_refused() {
    assertThatThrownBy(() -> Pattern.nm(2, 4).select(new float[12], G0, 3, Scope.LAYER))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 units of 4")
        .hasMessageContaining("allowed: 0 to 2");
  }

  @Test
  void groups_of_a_convolution_run_along_channels_at_one_kernel_position() {
    // out 1, channels 4, kernel 1 x 2: column = channel * 2 + position
    Geometry g = new Geometry(1, 8, 4, 1, 2, 1);
    float[] scores = {4, 1, 3, 2, 2, 3, 1, 4}; // position 0: 4 3 2 1, position 1: 1 2 3 4

    Mask mask = Pattern.nm(2, 4).select(scores, g, 2, Scope.LAYER);

    assertThat(bits(mask)).isEqualTo("10100101"); // position 0 keeps channels 0 1, position 1: 2 3
  }

  @Test
  void an_indivisible_axis_is_refused_even_if_the_size_divides() {
    assertThatThrownBy(() -> Pattern.nm(2, 4).check(Geometry.linear(4, 6)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("6 input channels")
        .hasMessageContaining("2:4")
        .hasMessageContaining("remainder: dense");
  }

  @Test
  void three_channels_of_a_convolution_are_refused_though_27_columns_have_room() {
    assertThatThrownBy(() -> Pattern.nm(2, 4).check(new Geometry(4, 12, 3, 2, 2, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 input channels");
  }

  @ParameterizedTest
  @ValueSource(strings = {"2:4", "1:4", "3:8", "1:16", "2:6", "1:2", "5:32"})
  void groups_agree_with_a_sort_of_each_on_scores_full_of_ties(String text) {
    Pattern.NM pattern = (Pattern.NM) Pattern.parse(text);
    for (Geometry g :
        new Geometry[] {
          Geometry.linear(7, 96), new Geometry(3, 96 * 2, 96, 1, 2, 1), Geometry.linear(1, 192)
        }) {
      float[] scores = Fixtures.tied(new java.util.Random(3), g.size());

      Mask mask = pattern.select(scores, g, pattern.group() - pattern.keep(), Scope.LAYER);

      java.util.Map<Integer, java.util.List<Integer>> groups = new java.util.TreeMap<>();
      for (int i = 0; i < g.size(); i++) {
        int unit = pattern.unitOf(g, i) / pattern.group();
        groups.computeIfAbsent(unit, u -> new java.util.ArrayList<>()).add(i);
      }
      for (java.util.List<Integer> members : groups.values()) {
        members.sort(
            java.util.Comparator.comparingDouble((Integer i) -> scores[i]).thenComparing(i -> i));
        int pruned = pattern.group() - pattern.keep();
        for (int k = 0; k < members.size(); k++) {
          assertThat(mask.get(members.get(k))).isEqualTo(k >= pruned);
        }
      }
    }
  }

  @Test
  void groups_refuse_what_returns_and_what_is_no_number() {
    float gone = Float.NEGATIVE_INFINITY;
    Geometry g = Geometry.linear(1, 8);
    float[] three = {1, 2, 3, 4, gone, gone, gone, 1};
    float[] nan = {1, 2, 3, 4, 1, Float.NaN, 2, 1};

    assertThat(
            bits(
                Pattern.nm(2, 4)
                    .select(new float[] {gone, 2, 3, 4, 1, gone, gone, 1}, g, 2, Scope.LAYER)))
        .isEqualTo("00111001");
    assertThatThrownBy(() -> Pattern.nm(2, 4).select(three, g, 2, Scope.LAYER))
        .hasMessageContaining("weight 6 is already pruned, but only 2 of its 4");
    assertThatThrownBy(() -> Pattern.nm(2, 4).select(nan, g, 2, Scope.LAYER))
        .hasMessageContaining("score at index 5 is NaN");
  }

  @Test
  void remainder_dense_keeps_the_tail_of_each_row() {
    Pattern pattern = Pattern.parse("2:4+dense");
    float[] scores = {1, 2, 3, 4, 0, 0, 4, 3, 2, 1, 0, 0};

    Mask mask = pattern.select(scores, Geometry.linear(2, 6), 2, Scope.LAYER);

    assertThat(bits(mask)).isEqualTo("001111 110011");
    assertThat(mask.pattern()).isEqualTo(pattern);
  }

  @Test
  void a_block_scores_the_sum_of_its_members() {
    // 2x1 blocks of W0's first two rows: sums 1.6 1.6 2.2 1.0; the tie 1.6 prunes the left one
    Geometry g = Geometry.linear(2, 4);
    float[] scores = {.9f, 1.2f, .7f, .8f, .7f, .4f, 1.5f, .2f};

    assertThat(bits(Pattern.block(2, 1).select(scores, g, 2, Scope.LAYER))).isEqualTo("0110 0110");
  }

  @Test
  void blocks_of_a_convolution_span_channels_at_one_kernel_position() {
    Geometry g = new Geometry(1, 8, 4, 1, 2, 1);
    // blocks 1x2: (channels 0 1, position 0) = 2, (0 1, 1) = 4, (2 3, 0) = 6, (2 3, 1) = 1
    float[] scores = {1, 2, 1, 2, 3, .5f, 3, .5f};

    assertThat(bits(Pattern.block(1, 2).select(scores, g, 2, Scope.LAYER))).isEqualTo("01011010");
  }

  @Test
  void blocks_do_not_straddle_the_groups_of_a_convolution() {
    assertThatThrownBy(() -> Pattern.block(4, 1).check(new Geometry(6, 9, 1, 3, 3, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 outputs (of one group)");
  }

  @Test
  void rows_and_channels_go_as_a_whole() {
    float[] scores = {1, 5, 2, 1, 3, 3, 3, 3, 1, 1, 1, 0};

    assertThat(bits(Pattern.row().select(scores, G0, 1, Scope.LAYER))).isEqualTo("1111 1111 0000");
    // column sums 5 9 6 4
    assertThat(bits(Pattern.channel().select(scores, G0, 2, Scope.LAYER)))
        .isEqualTo("0110 0110 0110");
  }

  @Test
  void channels_of_a_grouped_convolution_belong_to_their_group() {
    Geometry g = new Geometry(4, 2, 2, 1, 1, 2); // rows 0 1: channels 0 1; rows 2 3: channels 2 3
    float[] scores = {1, 5, 1, 5, 9, 0, 9, 0};

    assertThat(bits(Pattern.channel().select(scores, g, 2, Scope.LAYER))).isEqualTo("01 01 10 10");
  }

  @Test
  void what_is_already_pruned_goes_first() {
    float gone = Float.NEGATIVE_INFINITY;
    float[] scores = {9, gone, 1, 2, gone, 8, 3, 4, 5, 6, 7, 1};

    Mask mask = Pattern.unstructured().select(scores, G0, 4, Scope.LAYER);

    assertThat(bits(mask)).isEqualTo("1001 0111 1110"); // two gone, then the ones at 2 and 11
  }

  @Test
  void nothing_pruned_returns() {
    float gone = Float.NEGATIVE_INFINITY;
    float[] scores = {gone, gone, gone, 2, 2, 8, 3, 4, 5, 6, 7, 1};

    assertThatThrownBy(() -> Pattern.unstructured().select(scores, G0, 2, Scope.LAYER))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unit 2 is already pruned");
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void refuses_scores_that_are_no_numbers(float bad) {
    float[] scores = new float[12];
    scores[7] = bad;

    assertThatThrownBy(() -> Pattern.unstructured().select(scores, G0, 2, Scope.LAYER))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("index 7 is " + bad);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"unstructured", "2:4", "1:16", "3:7+dense", "4x1", "8x16", "row", "channel"})
  void text_is_read_back(String text) {
    assertThat(Pattern.parse(text).text()).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "2/4", "4:2", "0x1", "2:0", "rows", "nm_2,4", "2:4+", "99999:4"})
  void other_texts_are_refused(String text) {
    assertThatThrownBy(() -> Pattern.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  private static float[] abs(float[] weights) {
    float[] scores = weights.clone();
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Math.abs(scores[i]);
    }
    return scores;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import static io.sparseland.core.Fixtures.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.core.Fixtures;
import io.sparseland.core.Geometry;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The worked cases of algorithms/sparse-training.md sections 6.1 to 6.4. */
class TopologyTest {

  private static final float[] W = {.50f, 0, -.10f, 0, .30f, 0, 0, -.80f, .05f, 0, 0, -.20f};
  private static final float[] G = {
    .01f, -.40f, .70f, .05f, -.02f, .35f, -.10f, .03f, .60f, .15f, -.25f, .02f
  };
  private static final float[] R = {
    .11f, .62f, .47f, .93f, .28f, .85f, .39f, .74f, .56f, .05f, .97f, .19f
  };
  private static final Mask M =
      Mask.of(Geometry.linear(3, 4), Pattern.unstructured(), set(0, 2, 4, 7, 8, 11));

  @Test
  void set_drops_the_smallest_and_grows_at_random() {
    Topology next = Topology.grow(M, Topology.drop(M, abs(W), Topology.count(M, 0.5)), R, true);

    assertThat(next.dropped()).isEqualTo(set(2, 8, 11));
    assertThat(next.grown()).isEqualTo(set(3, 5, 10));
    assertThat(bits(next.mask())).isEqualTo("1001 1101 0010");
  }

  @Test
  void set_by_sign_drops_one_of_three_positives_and_one_of_three_negatives() {
    Topology next = Topology.grow(M, Topology.dropBySign(M, W, 0.5), R, true);

    assertThat(next.dropped()).isEqualTo(set(2, 8));
    assertThat(next.grown()).isEqualTo(set(3, 10));
  }

  @Test
  void rigl_lets_the_dropped_return() {
    Topology next = Topology.grow(M, Topology.drop(M, abs(W), 3), abs(G), true);

    assertThat(next.dropped()).isEqualTo(set(2, 8, 11));
    assertThat(next.grown()).isEqualTo(set(1, 2, 8));
    assertThat(bits(next.mask())).isEqualTo("1110 1001 1000");
  }

  @Test
  void strict_rigl_bars_the_dropped() {
    Topology next = Topology.grow(M, Topology.drop(M, abs(W), 3), abs(G), false);

    assertThat(next.grown()).isEqualTo(set(1, 5, 10));
    assertThat(bits(next.mask())).isEqualTo("1100 1101 0010");
  }

  @Test
  void rigl_on_the_mean_of_three_gradients() {
    float[] g2 = {.02f, .5f, .1f, 0, 0, -.45f, 0, 0, .1f, 0, .8f, 0};
    float[] g3 = {0, .2f, .1f, 0, 0, -.35f, 0, 0, .1f, 0, .65f, 0};
    float[] mean = new float[12];
    for (int i = 0; i < 12; i++) {
      mean[i] = (G[i] + g2[i] + g3[i]) / 3;
    }

    Topology next = Topology.grow(M, Topology.drop(M, abs(W), 3), abs(mean), true);

    assertThat(next.grown()).isEqualTo(set(2, 8, 10));
    assertThat(bits(next.mask())).isEqualTo("1010 1001 1010");
  }

  @Test
  void equal_scores_drop_and_grow_the_lower_index_first() {
    float[] same = new float[12];

    Topology next = Topology.grow(M, Topology.drop(M, same, 2), same, false);

    assertThat(next.dropped()).isEqualTo(set(0, 2));
    assertThat(next.grown()).isEqualTo(set(1, 3));
  }

  @Test
  void a_kept_weight_of_exactly_zero_is_no_free_place() {
    float[] weights = W.clone();
    weights[0] = 0;

    Topology next = Topology.grow(M, Topology.drop(M, abs(weights), 1), R, false);

    assertThat(next.dropped()).isEqualTo(set(0));
    assertThat(next.grown()).isEqualTo(set(10));
  }

  @Test
  void no_more_is_exchanged_than_there_are_free_places() {
    Mask mask =
        Mask.of(Geometry.linear(1, 10), Pattern.unstructured(), set(0, 1, 2, 3, 4, 5, 6, 7));

    assertThat(Topology.count(mask, 0.5)).isEqualTo(2);
    assertThat(Topology.count(Mask.all(Geometry.linear(1, 10)), 0.5)).isZero();
    assertThat(Topology.count(M, 0.3)).isEqualTo(1); // floor(1.8)
  }

  @Test
  void dropping_what_is_not_kept_is_refused() {
    assertThatThrownBy(() -> Topology.grow(M, set(1), R, true))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_growth_score_that_is_no_number_is_refused() {
    float[] scores = R.clone();
    scores[5] = Float.NaN;

    assertThatThrownBy(() -> Topology.grow(M, set(2), scores, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("index 5");
  }

  @Test
  void agrees_with_sorting_by_score_and_index() {
    Random random = new Random(11);
    for (int trial = 0; trial < 300; trial++) {
      int out = 1 + random.nextInt(6);
      int in = 1 + random.nextInt(40);
      int n = out * in;
      BitSet keep = new BitSet();
      for (int i = 0; i < n; i++) {
        keep.set(i, random.nextInt(3) == 0);
      }
      Mask mask = Mask.of(Geometry.linear(out, in), Pattern.unstructured(), keep);
      float[] drop = abs(Fixtures.tied(random, n));
      float[] grow = abs(Fixtures.tied(random, n));
      boolean returns = random.nextBoolean();
      long count = Topology.count(mask, random.nextDouble());

      Topology next = Topology.grow(mask, Topology.drop(mask, drop, count), grow, returns);

      List<Integer> dropped =
          sorted(n, i -> keep.get(i), Comparator.comparingDouble(i -> drop[i]))
              .subList(0, (int) count);
      List<Integer> grown =
          sorted(
                  n,
                  i -> !keep.get(i) || (returns && dropped.contains(i)),
                  Comparator.comparingDouble(i -> -grow[i]))
              .subList(0, (int) count);
      assertThat(next.dropped().stream().boxed()).containsExactlyInAnyOrderElementsOf(dropped);
      assertThat(next.grown().stream().boxed()).containsExactlyInAnyOrderElementsOf(grown);
      assertThat(next.mask().kept()).isEqualTo(mask.kept());
      BitSet survivors = mask.keptSet();
      survivors.andNot(next.dropped());
      assertThat(survivors.stream().allMatch(next.mask()::get)).isTrue();
    }
  }

  private static List<Integer> sorted(
      int n, java.util.function.IntPredicate from, Comparator<Integer> order) {
    List<Integer> indices = new ArrayList<>(IntStream.range(0, n).filter(from).boxed().toList());
    indices.sort(order); // stable: equal scores stay in index order
    return indices;
  }

  private static BitSet set(int... indices) {
    BitSet set = new BitSet();
    IntStream.of(indices).forEach(set::set);
    return set;
  }

  private static float[] abs(float[] values) {
    float[] scores = values.clone();
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Math.abs(scores[i]);
    }
    return scores;
  }
}

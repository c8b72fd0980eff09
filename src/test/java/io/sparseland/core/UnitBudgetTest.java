// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class UnitBudgetTest {

  private static final double HEAD = 8 / 3.0; // weights of a head of width 2, in neurons
  private static final double[] COSTS = {HEAD, HEAD, 1, 1};

  /** The scores of algorithms/post-training.md section 9: two blocks, heads and neurons. */
  private static final List<double[]> SCORES =
      List.of(
          new double[] {-0.737459, 0.737459},
          new double[] {-0.698926, 0.698926},
          new double[] {1.188177, -1.188177, -0.297044, 0.297044},
          new double[] {1.217406, -0.778341, 0.419107, -0.858171});

  @Test
  void the_specification_s_two_blocks_keep_seven_units() {
    // all units cost 18.667; 11.2 are wanted: 7 units cost 10.333, the 8th would make it 13
    List<BitSet> kept = UnitBudget.adaptive(SCORES, COSTS, 0.4);

    assertThat(kept.stream().map(BitSet::toString))
        .containsExactly("{1}", "{1}", "{0, 2, 3}", "{0, 2}");
  }

  @Test
  void nothing_goes_at_sparsity_0_and_the_best_of_every_layer_stays_at_1() {
    assertThat(UnitBudget.adaptive(SCORES, COSTS, 0).stream().mapToInt(BitSet::cardinality))
        .containsExactly(2, 2, 4, 4);
    assertThat(UnitBudget.adaptive(SCORES, COSTS, 1).stream().map(BitSet::toString))
        .containsExactly("{1}", "{1}", "{0}", "{0}");
  }

  @Test
  void of_equal_scores_the_earlier_layer_and_the_lower_unit_go_first() {
    List<double[]> equal = List.of(new double[3], new double[3]);

    List<BitSet> kept = UnitBudget.adaptive(equal, new double[] {1, 1}, 0.5);

    // each layer's best (the last of the equals) stays, then the last of the second layer
    assertThat(kept.stream().map(BitSet::toString)).containsExactly("{2}", "{1, 2}");
  }

  @Test
  void no_other_prefix_of_the_order_is_closer_to_the_budget() {
    Random random = new Random(5);
    for (int trial = 0; trial < 50; trial++) {
      double[] costs = {1 + random.nextInt(5), 1 + random.nextInt(5)};
      List<double[]> scores =
          List.of(random.doubles(6).toArray(), random.doubles(1 + random.nextInt(9)).toArray());
      double sparsity = random.nextDouble();

      List<BitSet> kept = UnitBudget.adaptive(scores, costs, sparsity);

      double total = 6 * costs[0] + scores.get(1).length * costs[1];
      double cost = costs[0] * kept.get(0).cardinality() + costs[1] * kept.get(1).cardinality();
      double off = Math.abs(cost - (1 - sparsity) * total);
      double floors = costs[0] + costs[1];
      assertThat(off).isLessThanOrEqualTo(Math.max(Math.max(costs[0], costs[1]), floors));
    }
  }

  @Test
  void a_layer_s_share_is_rounded_down() {
    assertThat(UnitBudget.uniform(new double[] {3, 1, 2, 1}, 0.49)).hasToString("{0, 2, 3}");
    assertThat(UnitBudget.uniform(new double[] {3, 1, 2, 1}, 0.5)).hasToString("{0, 2}");
    assertThat(UnitBudget.uniform(new double[] {3, 1, 2, 1}, 1)).hasToString("{0}");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static io.sparseland.core.Fixtures.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.sparseland.core.Choice;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import io.sparseland.core.Solution;
import java.util.BitSet;
import java.util.Random;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The worked case of algorithms/post-training.md section 5, and a slow twin. */
class ObcTest {

  private static final Obc OBC = new Obc(0.01);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void the_first_weight_of_a_row_goes_as_in_the_specification() {
    Layer row = Fixtures.linear(manager, "row0", 1, 4, 0.9f, -1.2f, 0.7f, 0.8f);
    Evidence evidence = Layerwise.gram(manager, Layerwise.x0());

    Solution solved = OBC.solve(row, evidence, choice(3, Scope.ROW));

    assertThat(bits(solved.mask())).isEqualTo("1011");
    assertThat(solved.masked().toDoubleArray())
        .containsExactly(new double[] {1.100814, 0, 0.573872, 0.486556}, within(1e-5));
  }

  @Test
  void rows_are_those_of_a_twin_that_inverts_anew_at_every_step() {
    Random random = new Random(4);
    double[][] x = Layerwise.inputs(random, 40, 9);
    Layer layer = Fixtures.linear(manager, "w", 5, 9, Layerwise.weights(random, 45));
    RealMatrix h = Layerwise.hessian(x, 0.01);

    Solution solved = OBC.solve(layer, Layerwise.gram(manager, x), choice(25, Scope.ROW));

    double[] all = Layerwise.doubles(layer);
    double[] found = solved.masked().toDoubleArray();
    for (int r = 0; r < 5; r++) { // 4 of 9 go in each row
      double[] slow = slow(java.util.Arrays.copyOfRange(all, 9 * r, 9 * r + 9), h, 4);
      assertThat(java.util.Arrays.copyOfRange(found, 9 * r, 9 * r + 9))
          .containsExactly(slow, within(1e-9));
    }
  }

  @Test
  void rows_that_share_a_budget_lose_exactly_it_and_less_output_than_with_equal_shares() {
    Random random = new Random(6);
    double[][] x = Layerwise.inputs(random, 60, 12);
    float[] weights = Layerwise.weights(random, 72);
    for (int i = 0; i < 12; i++) {
      weights[i] *= 4; // a row that matters more
    }
    Layer layer = Fixtures.linear(manager, "w", 6, 12, weights);
    Evidence evidence = Layerwise.gram(manager, x);
    RealMatrix h = Layerwise.hessian(x, 0.01);

    Solution together = OBC.solve(layer, evidence, choice(36, Scope.LAYER));
    Solution each = OBC.solve(layer, evidence, choice(36, Scope.ROW));
    Solution gpt = SparseGpt.defaults().solve(layer, evidence, choice(36, Scope.LAYER));

    assertThat(together.mask().kept()).isEqualTo(36);
    double loss = Layerwise.loss(layer, together.masked(), h);
    assertThat(loss).isLessThan(Layerwise.loss(layer, each.masked(), h));
    assertThat(loss).isLessThan(Layerwise.loss(layer, gpt.masked(), h));
  }

  @Test
  void groups_keep_what_the_pattern_says_and_what_was_pruned_stays_so() {
    Random random = new Random(7);
    double[][] x = Layerwise.inputs(random, 50, 8);
    Layer layer = Fixtures.linear(manager, "w", 3, 8, Layerwise.weights(random, 24));
    Evidence evidence = Layerwise.gram(manager, x);
    Choice pairs = new Choice(Pattern.nm(2, 4), Scope.ROW, 12, null);
    BitSet bits = new BitSet();
    bits.set(1, 24);
    Mask before = Mask.of(layer.geometry(), Pattern.unstructured(), bits);

    Mask mask = OBC.solve(layer, evidence, pairs).mask(); // verifies the pattern itself
    Mask more =
        OBC.solve(layer, evidence, new Choice(Pattern.unstructured(), Scope.LAYER, 12, before))
            .mask();

    assertThat(mask.pattern()).isEqualTo(Pattern.nm(2, 4));
    assertThat(mask.kept()).isEqualTo(12);
    assertThat(more.kept()).isEqualTo(12);
    assertThat(more.isSubsetOf(before)).isTrue();
  }

  @Test
  void a_large_layer_is_refused() {
    Layer large = Fixtures.linear(manager, "w", 800, 900, new float[720_000]);

    assertThatThrownBy(() -> OBC.solve(large, Evidence.none(), choice(360_000, Scope.ROW)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("use sparsegpt");
  }

  private static Choice choice(int kept, Scope scope) {
    return new Choice(Pattern.unstructured(), scope, kept, null);
  }

  private static double[] slow(double[] row, RealMatrix h, int count) {
    double[] w = row.clone();
    java.util.List<Integer> left = new java.util.ArrayList<>();
    for (int i = 0; i < w.length; i++) {
      left.add(i);
    }
    for (int k = 0; k < count; k++) {
      int[] open = left.stream().mapToInt(i -> i).toArray();
      RealMatrix inverse = new LUDecomposition(h.getSubMatrix(open, open)).getSolver().getInverse();
      int best = 0;
      for (int i = 0; i < open.length; i++) {
        double loss = w[open[i]] * w[open[i]] / inverse.getEntry(i, i);
        if (loss < w[open[best]] * w[open[best]] / inverse.getEntry(best, best)) {
          best = i;
        }
      }
      double step = w[open[best]] / inverse.getEntry(best, best);
      for (int i = 0; i < open.length; i++) {
        w[open[i]] -= inverse.getEntry(i, best) * step;
      }
      w[open[best]] = 0;
      left.remove(Integer.valueOf(open[best]));
    }
    return w;
  }
}

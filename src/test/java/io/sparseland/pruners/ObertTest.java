// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Choice;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import io.sparseland.core.Solution;
import io.sparseland.core.Statistic;
import java.util.BitSet;
import java.util.Map;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The worked case of algorithms/post-training.md section 6, and the recursion of section 5. */
class ObertTest {

  private static final double[][] GRADIENTS = {
    {.4, -.2, .1, .3, 0, -.5}, {-.1, .5, .2, -.4, .6, .1}, {.3, .1, -.6, .2, -.3, .4}
  };

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
  void scores_of_blocks_of_three() {
    NDArray scores = new Obert(0.01, 3, false).score(layer(), fisher(3));

    assertNear(scores, 0.008570, 0.070080, 0.005213, 0.008889, 0.010959, 0.007421);
  }

  @Test
  void removals_in_different_blocks_change_only_their_own() {
    Solution found = prune(new Obert(0.01, 3, false), Pattern.unstructured(), 4, 3);

    assertThat(Fixtures.bits(found.mask())).isEqualTo("110110");
    assertNear(found.masked(), 0.322170, -1.235706, 0, 0.354717, -1.028302, 0);
  }

  @Test
  void removals_of_one_block_are_added_up_or_solved_jointly() {
    Solution added = prune(new Obert(0.01, 3, false), Pattern.unstructured(), 3, 3);
    Solution joint = prune(new Obert(0.01, 3, true), Pattern.unstructured(), 3, 3);

    assertNear(added.masked(), 0, -1.376590, 0, 0.354717, -1.028302, 0);
    assertNear(joint.masked(), 0, -1.333333, 0, 0.354717, -1.028302, 0);
  }

  @Test
  void slices_of_two_go_together() {
    Solution found = prune(new Obert(0.01, 6, false), Pattern.block(1, 2), 4, 6);

    assertThat(Fixtures.bits(found.mask())).isEqualTo("110011");
    assertNear(found.masked(), 0.702723, -1.425731, 0, 0, -0.854717, 0.139669);
  }

  @Test
  void blocks_of_one_are_the_diagonal_without_an_update() {
    Obert diagonal = new Obert(0.01, 1, false);

    assertNear(
        diagonal.score(layer(), fisher(1)),
        0.012083,
        0.079200,
        0.006600,
        0.034133,
        0.039200,
        0.012);
    assertNear(prune(diagonal, Pattern.unstructured(), 4, 1).masked(), 0.5, -1.2, 0, 0.8, -0.7, 0);
  }

  @Test
  void much_damping_makes_it_magnitude() {
    Solution found = prune(new Obert(1e9, 3, false), Pattern.unstructured(), 3, 3);

    assertThat(Fixtures.bits(found.mask())).isEqualTo("010110");
    assertNear(found.masked(), 0, -1.2, 0, 0.8, -0.7, 0);
  }

  @Test
  void the_inverse_is_that_of_the_rank_one_recursion_and_of_m_fac() {
    Random random = new Random(2);
    int n = 20;
    int m = 12;
    double lambda = 1e-3;
    double[][] g = new double[m][n];
    float[] w = Layerwise.weights(random, n);
    RealMatrix inverse = MatrixUtils.createRealIdentityMatrix(n).scalarMultiply(1 / lambda);
    double[] diagonal = new double[n]; // of M-FAC, which stores no matrix
    java.util.Arrays.fill(diagonal, 1 / lambda);
    double[][] v = new double[m][];
    double[] denominators = new double[m];
    for (int k = 0; k < m; k++) {
      for (int i = 0; i < n; i++) {
        g[k][i] = (float) random.nextGaussian();
      }
      double[] step = inverse.operate(g[k]);
      double below = m + dot(step, g[k]);
      inverse =
          inverse.subtract(
              MatrixUtils.createColumnRealMatrix(step)
                  .multiply(MatrixUtils.createRowRealMatrix(step))
                  .scalarMultiply(1 / below));
      v[k] = new double[n];
      for (int i = 0; i < n; i++) {
        v[k][i] = g[k][i] / lambda;
      }
      for (int l = 0; l < k; l++) {
        double share = dot(v[l], g[k]) / denominators[l];
        for (int i = 0; i < n; i++) {
          v[k][i] -= share * v[l][i];
        }
      }
      denominators[k] = m + dot(g[k], v[k]);
      for (int i = 0; i < n; i++) {
        diagonal[i] -= v[k][i] * v[k][i] / denominators[k];
      }
    }

    float[] scores =
        new Obert(lambda, n, false)
            .score(Fixtures.linear(manager, "w", 1, n, w), fisher(g, n))
            .toFloatArray();

    for (int i = 0; i < n; i++) {
      double expected = w[i] * w[i] / (2 * inverse.getEntry(i, i));
      assertThat(scores[i]).isCloseTo((float) expected, within((float) (1e-4 * expected)));
      assertThat(diagonal[i]).isCloseTo(inverse.getEntry(i, i), within(1e-8 * diagonal[i]));
    }
  }

  @Test
  void a_joint_removal_is_the_minimum_of_the_quadratic_model() {
    Random random = new Random(3);
    int n = 12;
    double[][] g = new double[9][n];
    for (double[] row : g) {
      for (int i = 0; i < n; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    float[] w = Layerwise.weights(random, n);
    Layer layer = Fixtures.linear(manager, "w", 1, n, w);

    Solution found =
        new Obert(0.1, n, true)
            .solve(layer, fisher(g, n), new Choice(Pattern.unstructured(), Scope.LAYER, 7, null));

    // kept weights solve F_SS dw_S = -F_SQ dw_Q with dw_Q = -w_Q
    RealMatrix rows = new Array2DRowRealMatrix(g);
    RealMatrix f =
        rows.transpose()
            .multiply(rows)
            .scalarMultiply(1.0 / 9)
            .add(MatrixUtils.createRealIdentityMatrix(n).scalarMultiply(0.1));
    int[] kept = found.mask().keptSet().stream().toArray();
    double[] right = new double[7];
    for (int k = 0; k < 7; k++) {
      for (int q = 0; q < n; q++) {
        right[k] += found.mask().get(q) ? 0 : f.getEntry(kept[k], q) * w[q];
      }
    }
    double[] change =
        new LUDecomposition(f.getSubMatrix(kept, kept))
            .getSolver()
            .solve(MatrixUtils.createRealVector(right))
            .toArray();
    for (int k = 0; k < 7; k++) {
      assertThat(found.masked().toDoubleArray()[kept[k]])
          .isCloseTo(w[kept[k]] + change[k], within(1e-5));
    }
  }

  @Test
  void what_is_pruned_stays_pruned() {
    BitSet keep = new BitSet();
    keep.set(0, 6);
    keep.clear(1);
    Mask present = Mask.of(layer().geometry(), Pattern.unstructured(), keep);
    double[][] masked = new double[3][6];
    for (int k = 0; k < 3; k++) {
      for (int i = 0; i < 6; i++) {
        masked[k][i] = i == 1 ? 0 : GRADIENTS[k][i];
      }
    }
    float[] w = {0.5f, 0, 0.3f, 0.8f, -0.7f, 0.4f};

    Solution found =
        new Obert(0.01, 3, false)
            .solve(
                Fixtures.linear(manager, "w", 1, 6, w),
                fisher(masked, 3),
                new Choice(Pattern.unstructured(), Scope.LAYER, 4, present));

    assertThat(found.mask().get(1)).isFalse();
    assertThat(found.mask().kept()).isEqualTo(4);
    assertThat(found.weight().toDoubleArray()[1]).isZero();
  }

  private Solution prune(Obert method, Pattern pattern, long kept, int block) {
    return method.solve(layer(), fisher(block), new Choice(pattern, Scope.LAYER, kept, null));
  }

  private Layer layer() {
    return Fixtures.linear(manager, "w", 1, 6, 0.5f, -1.2f, 0.3f, 0.8f, -0.7f, 0.4f);
  }

  private Evidence fisher(int block) {
    return fisher(GRADIENTS, block);
  }

  private Evidence fisher(double[][] gradients, int block) {
    int n = gradients[0].length;
    float[] blocks = new float[n * block];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < block; j++) {
        double sum = 0;
        for (double[] g : gradients) {
          sum += g[i] * g[i / block * block + j] / gradients.length;
        }
        blocks[i * block + j] = (float) sum;
      }
    }
    NDArray array = manager.create(blocks, new Shape(n / block, block, block));
    return Evidence.of(Map.of(Statistic.FISHER, array), gradients.length);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void assertNear(NDArray found, double... expected) {
    double[] values = found.toType(ai.djl.ndarray.types.DataType.FLOAT64, false).toDoubleArray();
    assertThat(values).containsExactly(expected, within(2e-6));
  }
}

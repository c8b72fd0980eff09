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

/** Against the dense inverse of the whole Fisher matrix. */
class MfacTest {

  private static final int WEIGHTS = 20;
  private static final int GRADIENTS = 12;
  private static final double DAMPING = 1e-3;

  private final double[][] g = new double[GRADIENTS][WEIGHTS];
  private final float[] w = new float[WEIGHTS];
  private RealMatrix inverse = new Array2DRowRealMatrix(1, 1);
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    Random random = new Random(2);
    for (double[] row : g) {
      for (int i = 0; i < WEIGHTS; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    for (int i = 0; i < WEIGHTS; i++) {
      w[i] = (float) random.nextGaussian();
    }
    RealMatrix rows = new Array2DRowRealMatrix(g);
    RealMatrix fisher =
        rows.transpose()
            .multiply(rows)
            .scalarMultiply(1.0 / GRADIENTS)
            .add(MatrixUtils.createRealIdentityMatrix(WEIGHTS).scalarMultiply(DAMPING));
    inverse = new LUDecomposition(fisher).getSolver().getInverse();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Layer layer() {
    return Fixtures.linear(manager, "w", 4, 5, w);
  }

  private Evidence evidence() {
    float[] flat = new float[GRADIENTS * WEIGHTS];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) g[i / WEIGHTS][i % WEIGHTS];
    }
    NDArray array = manager.create(flat, new Shape(GRADIENTS, WEIGHTS));
    return Evidence.of(Map.of(Statistic.GRADIENTS, array), GRADIENTS);
  }

  @Test
  void scores_are_those_of_the_dense_inverse() {
    NDArray scores = new Mfac(DAMPING).score(layer(), evidence());

    double[] found = scores.toDoubleArray();
    for (int q = 0; q < WEIGHTS; q++) {
      double expected = w[q] * (double) w[q] / (2 * inverse.getEntry(q, q));
      assertThat(found[q]).isCloseTo(expected, within(1e-8 * expected));
    }
    assertThat(scores.getShape()).isEqualTo(new Shape(4, 5));
  }

  @Test
  void removals_are_added_up_and_what_was_pruned_before_is_not_removed_again() {
    BitSet keep = new BitSet();
    keep.set(0, WEIGHTS);
    keep.clear(3);
    w[3] = 0;
    Mask present = Mask.of(layer().geometry(), Pattern.unstructured(), keep);

    Solution found =
        new Mfac(DAMPING)
            .solve(
                layer(), evidence(), new Choice(Pattern.unstructured(), Scope.LAYER, 12, present));

    assertThat(found.mask().kept()).isEqualTo(12);
    assertThat(found.mask().get(3)).isFalse();
    double[] expected = new double[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) {
      expected[i] = w[i];
      for (int q = 0; q < WEIGHTS; q++) {
        if (q != 3 && !found.mask().get(q)) {
          expected[i] -= inverse.getEntry(i, q) * w[q] / inverse.getEntry(q, q);
        }
      }
    }
    assertThat(found.weight().toDoubleArray()).containsExactly(expected, within(1e-8));
  }

  @Test
  void much_damping_makes_it_magnitude() {
    Choice choice = new Choice(Pattern.unstructured(), Scope.LAYER, 9, null);

    Solution found = new Mfac(1e9).solve(layer(), evidence(), choice);

    assertThat(found.mask())
        .isEqualTo(
            choice.byScore(
                new Magnitude().score(layer(), evidence()).toFloatArray(), layer().geometry()));
    double[] masked = found.masked().toDoubleArray();
    for (int i = 0; i < WEIGHTS; i++) {
      assertThat(masked[i]).isCloseTo(found.mask().get(i) ? w[i] : 0, within(1e-6));
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The door to LAPACK against Commons Math. */
class LinalgTest {

  private static final int N = 24;

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
  void cholesky_inverse_and_solve_are_those_of_commons_math() {
    RealMatrix h = positive(1);
    RealMatrix right = random(2, N, 3);
    CholeskyDecomposition expected = new CholeskyDecomposition(h);

    Linalg.Cholesky found = Linalg.cholesky(array(h));

    assertThat(found.succeeded()).isTrue();
    assertSame(found.lower(), expected.getL(), 1e-12);
    assertSame(found.inverse(), expected.getSolver().getInverse(), 1e-10);
    assertSame(found.solve(array(right)), expected.getSolver().solve(right), 1e-10);
  }

  @Test
  void a_failed_cholesky_tells_the_minor() {
    // leading minors 1, 3 and 3 * (1 - 4) < 0
    NDArray h = array(new Array2DRowRealMatrix(new double[][] {{1, 1, 0}, {1, 4, 0}, {0, 0, -3}}));

    Linalg.Cholesky found = Linalg.cholesky(h);

    assertThat(found.succeeded()).isFalse();
    assertThat(found.failedAt()).isEqualTo(3);
  }

  @Test
  void eigenvectors_rebuild_the_matrix_and_values_are_those_of_commons_math() {
    RealMatrix h = positive(3);
    double[] expected = new EigenDecomposition(h).getRealEigenvalues();
    Arrays.sort(expected);

    Linalg.Eigen found = Linalg.eigh(array(h));

    assertThat(found.values().toDoubleArray()).containsExactly(expected, within(1e-10));
    NDArray back = found.vectors().mul(found.values()).matMul(found.vectors().transpose());
    assertSame(back, h, 1e-11);
  }

  @Test
  void every_row_is_solved_on_its_own_columns() {
    RealMatrix h = positive(4);
    RealMatrix b = random(5, 6, N);
    Random random = new Random(6);
    boolean[] keep = new boolean[6 * N];
    for (int i = N; i < keep.length; i++) { // row 0 keeps nothing
      keep[i] = random.nextBoolean();
    }

    NDArray found =
        Linalg.restrictedSolve(array(h), array(b), manager.create(keep, new Shape(6, N)));

    double[] x = found.toDoubleArray();
    for (int row = 0; row < 6; row++) {
      int from = row * N;
      int[] columns = java.util.stream.IntStream.range(0, N).filter(c -> keep[from + c]).toArray();
      double[] expected = new double[N];
      if (columns.length > 0) {
        double[] wanted =
            Arrays.stream(columns).mapToDouble(c -> b.getEntry(from / N, c)).toArray();
        double[] solved =
            new LUDecomposition(h.getSubMatrix(columns, columns))
                .getSolver()
                .solve(new org.apache.commons.math3.linear.ArrayRealVector(wanted))
                .toArray();
        for (int k = 0; k < columns.length; k++) {
          expected[columns[k]] = solved[k];
        }
      }
      assertThat(Arrays.copyOfRange(x, from, from + N)).containsExactly(expected, within(1e-9));
    }
  }

  @Test
  void a_singular_restriction_is_refused() {
    NDArray h = array(new Array2DRowRealMatrix(new double[][] {{1, 1}, {1, 1}}));
    NDArray keep = manager.create(new boolean[] {true, true}, new Shape(1, 2));
    NDArray b = array(new Array2DRowRealMatrix(new double[][] {{1, 2}}));

    assertThatThrownBy(() -> Linalg.restrictedSolve(h, b, keep))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("singular at minor 2");
  }

  @Test
  void fp32_is_refused() {
    NDArray h = manager.eye(2).toType(DataType.FLOAT32, false);

    assertThatThrownBy(() -> Linalg.cholesky(h))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("CHOLESKY takes fp64");
  }

  private RealMatrix positive(long seed) {
    RealMatrix x = random(seed, 2 * N, N);
    return x.transpose().multiply(x).scalarMultiply(1.0 / N);
  }

  private static RealMatrix random(long seed, int rows, int columns) {
    Random random = new Random(seed);
    double[][] values = new double[rows][columns];
    for (double[] row : values) {
      for (int c = 0; c < columns; c++) {
        row[c] = random.nextGaussian();
      }
    }
    return new Array2DRowRealMatrix(values);
  }

  private NDArray array(RealMatrix matrix) {
    double[] flat = Arrays.stream(matrix.getData()).flatMapToDouble(Arrays::stream).toArray();
    return manager.create(flat, new Shape(matrix.getRowDimension(), matrix.getColumnDimension()));
  }

  private static void assertSame(NDArray found, RealMatrix expected, double tolerance) {
    double[] flat = Arrays.stream(expected.getData()).flatMapToDouble(Arrays::stream).toArray();
    assertThat(found.toDoubleArray()).containsExactly(flat, within(tolerance));
  }
}

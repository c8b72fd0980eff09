// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Solution;
import io.sparseland.core.Statistic;
import java.util.Map;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;

/** What tests of layer-wise methods share: fixtures, and slow fp64 arithmetic by Commons Math. */
final class Layerwise {

  private Layerwise() {}

  /** The layer W0 of the specification. */
  static Layer w0(NDManager manager) {
    return Fixtures.linear(manager, "w0", 3, 4, Fixtures.w0());
  }

  /** The inputs X0 of the specification. */
  static double[][] x0() {
    float[][] x = Fixtures.x0();
    double[][] wide = new double[x.length][4];
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < 4; i++) {
        wide[t][i] = x[t][i];
      }
    }
    return wide;
  }

  /** Second moments of inputs as evidence. */
  static Evidence gram(NDManager manager, double[][] x) {
    int n = x[0].length;
    double[] gram = new double[n * n];
    for (double[] row : x) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          gram[i * n + j] += row[i] * row[j] / x.length;
        }
      }
    }
    NDArray array = manager.create(gram, new Shape(n, n));
    return Evidence.of(Map.of(Statistic.INPUT_GRAM, array), x.length);
  }

  /** {@code 2/n X^T X}, inputs that never fire decoupled, with damping. */
  static RealMatrix hessian(double[][] x, double damping) {
    RealMatrix inputs = new Array2DRowRealMatrix(x);
    RealMatrix h = inputs.transpose().multiply(inputs).scalarMultiply(2.0 / x.length);
    double trace = 0;
    for (int i = 0; i < h.getRowDimension(); i++) {
      if (h.getEntry(i, i) == 0) {
        h.setEntry(i, i, 1);
      }
      trace += h.getEntry(i, i);
    }
    for (int i = 0; i < h.getRowDimension(); i++) {
      h.addToEntry(i, i, damping * trace / h.getRowDimension());
    }
    return h;
  }

  /** {@code 0.5 tr(D H D^T)} with D the change of the weights. */
  static double loss(Layer layer, NDArray solved, RealMatrix h) {
    double[] before = doubles(layer);
    double[] after = solved.toDoubleArray();
    int n = h.getRowDimension();
    double[][] d = new double[before.length / n][n];
    for (int i = 0; i < before.length; i++) {
      d[i / n][i % n] = before[i] - after[i];
    }
    RealMatrix change = new Array2DRowRealMatrix(d);
    return change.multiply(h).multiply(change.transpose()).getTrace() / 2;
  }

  /** A layer's weights. */
  static double[] doubles(Layer layer) {
    float[] weights = layer.parameter().getArray().toFloatArray();
    double[] wide = new double[weights.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = weights[i];
    }
    return wide;
  }

  /** Weights that a mask leaves, unchanged. */
  static Solution untouched(Layer layer, Mask mask) {
    Shape shape = new Shape(layer.geometry().out(), layer.geometry().in());
    return Solution.of(
        mask, layer.parameter().getArray().getManager().create(doubles(layer), shape));
  }

  /** Correlated inputs. */
  static double[][] inputs(Random random, int tokens, int columns) {
    double[][] x = new double[tokens][columns];
    for (double[] row : x) {
      double common = random.nextGaussian();
      for (int i = 0; i < columns; i++) {
        row[i] = random.nextGaussian() * (1 + i % 3) + common;
      }
    }
    return x;
  }

  /** Gaussian weights. */
  static float[] weights(Random random, int size) {
    float[] w = new float[size];
    for (int i = 0; i < size; i++) {
      w[i] = (float) random.nextGaussian();
    }
    return w;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import org.jspecify.annotations.Nullable;

/**
 * Sums of products. Data is brought to panels [inputs][PANEL tokens], so that one weight meets many
 * tokens in a loop that the JIT vectorises; each output is one sum in column order.
 */
final class JavaProducts {

  /** Tokens (or pixels) that are multiplied together. */
  static final int PANEL = 32;

  private JavaProducts() {}

  static void linear(
      JavaWeights w, @Nullable Tensor bias, Activation act, int m, Tensor x, Tensor y) {
    int k = w.inputs();
    int n = w.outputs();
    JavaWeights.Data data = w.data();
    float[] biases = bias == null ? new float[0] : bias.toArray();
    JavaWorkers.run(
        JavaPanels.panels(m),
        p -> {
          if (m == 1 && x.layout() == Layout.ROWS && y.layout() == Layout.ROWS) {
            float[] sums = new float[n];
            multiply(w, data, x.toArray(), 1, sums);
            finish(sums, 0, n, 1, biases, act);
            y.floats().put(sums);
            return;
          }
          int width = Layout.width(m, p);
          float[] sums = new float[n * width];
          multiply(w, data, JavaPanels.read(x, m, k, p), width, sums);
          finish(sums, 0, n, width, biases, act);
          JavaPanels.write(y, m, n, p, sums);
        });
  }

  static void matmul(Products shape, Tensor a, Tensor b, Tensor y) {
    JavaWorkers.run(
        shape.count(),
        i -> {
          var left = new JavaWeights.Data(shape.a(a, i));
          float[] out = new float[shape.m() * shape.n()];
          multiply(left, shape.k(), 0, shape.m(), shape.b(b, i), shape.n(), out);
          shape.put(out, i, y);
        });
  }

  /** All rows, on inputs in the type of the weights; changes the panel. */
  private static void multiply(
      JavaWeights w, JavaWeights.Data data, float[] panel, int tokens, float[] sums) {
    if (w.type() == WeightType.INT8) {
      float[] scales = JavaInputs.int8(panel, tokens, w.inputs(), 1, tokens);
      JavaInputs.multiply(data, w.inputs(), 0, w.outputs(), panel, scales, sums);
      return;
    }
    if (w.type() == WeightType.BF16) {
      JavaInputs.bf16(panel);
    }
    multiply(data, w.inputs(), 0, w.outputs(), panel, tokens, sums);
  }

  /** sums[row][t] = sum over inputs of w[row][i] * panel[i][t], for rows begin to end. */
  static void multiply(
      JavaWeights.Data w, int k, int begin, int end, float[] panel, int tokens, float[] sums) {
    RowSums product = RowSums.best();
    for (int row = begin; row < end; row++) {
      int from = w.begin(row, k);
      int to = w.begin(row + 1, k);
      product.row(w.values(), w.columns(), from, to, panel, tokens, sums, (row - begin) * tokens);
    }
  }

  /** Adds the bias of each row and applies the activation. */
  static void finish(
      float[] sums, int firstRow, int rows, int tokens, float[] biases, Activation act) {
    if (biases.length > 0) {
      for (int row = 0; row < rows; row++) {
        float bias = biases[firstRow + row];
        for (int t = row * tokens; t < (row + 1) * tokens; t++) {
          sums[t] += bias;
        }
      }
    }
    UnaryOp op = act.unary();
    if (op != null) {
      JavaPointwise.apply(op, 0, 0, sums, rows * tokens);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.nio.FloatBuffer;
import java.util.Arrays;
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
    int tasks = (m + PANEL - 1) / PANEL;
    JavaWorkers.run(
        tasks,
        task -> {
          int first = task * PANEL;
          int count = Math.min(PANEL, m - first);
          float[] rows = new float[count * k];
          x.floats().get(first * k, rows);
          float[] sums = new float[n * count];
          if (w.type() == WeightType.INT8) {
            float[] scales = JavaInputs.int8(rows, count, k);
            JavaInputs.multiply(data, k, 0, n, transposed(rows, count, k), scales, sums);
          } else {
            if (w.type() == WeightType.BF16) {
              JavaInputs.bf16(rows);
            }
            multiply(data, k, 0, n, transposed(rows, count, k), count, sums);
          }
          finish(sums, 0, n, count, biases, act);
          FloatBuffer out = y.floats();
          out.put(first * n, transposed(sums, n, count));
        });
  }

  static void matmul(
      int m, int k, int n, int[] aOffsets, int[] bOffsets, Tensor a, Tensor b, Tensor y) {
    JavaWorkers.run(
        aOffsets.length,
        task -> {
          float[] left = new float[m * k];
          float[] right = new float[k * n];
          float[] out = new float[m * n];
          a.floats().get(aOffsets[task], left);
          b.floats().get(bOffsets[task], right);
          multiply(new JavaWeights.Data(left), k, 0, m, right, n, out);
          y.floats().put(task * m * n, out);
        });
  }

  /** sums[row][t] = sum over inputs of w[row][i] * panel[i][t], for rows begin to end. */
  static void multiply(
      JavaWeights.Data w, int k, int begin, int end, float[] panel, int tokens, float[] sums) {
    float[] sum = new float[tokens];
    for (int row = begin; row < end; row++) {
      Arrays.fill(sum, 0f);
      int to = w.begin(row + 1, k);
      for (int p = w.begin(row, k); p < to; p++) {
        addScaled(w.values()[p], panel, w.column(row, p, k) * tokens, sum);
      }
      System.arraycopy(sum, 0, sums, (row - begin) * tokens, tokens);
    }
  }

  private static void addScaled(float w, float[] panel, int offset, float[] sum) {
    for (int t = 0; t < sum.length; t++) {
      sum[t] += w * panel[offset + t];
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

  private static float[] transposed(float[] x, int rows, int columns) {
    if (rows == 1 || columns == 1) {
      return x;
    }
    float[] y = new float[rows * columns];
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < columns; c++) {
        y[c * rows + row] = x[row * columns + c];
      }
    }
    return y;
  }
}

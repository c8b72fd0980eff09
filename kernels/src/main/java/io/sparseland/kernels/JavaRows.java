// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Operations that combine the elements of a row; sums are kept in double. */
final class JavaRows {

  private JavaRows() {}

  static void layerNorm(
      int rows, int columns, Tensor x, Tensor scale, Tensor shift, float epsilon, Tensor y) {
    float[] scales = scale.toArray();
    float[] shifts = shift.toArray();
    JavaWorkers.run(
        rows,
        row -> {
          float[] v = new float[columns];
          x.floats().get(row * columns, v);
          double mean = 0;
          for (float value : v) {
            mean += value;
          }
          mean /= columns;
          double variance = 0;
          for (float value : v) {
            variance += (value - mean) * (value - mean);
          }
          double factor = 1 / Math.sqrt(variance / columns + epsilon);
          for (int i = 0; i < columns; i++) {
            v[i] = (float) ((v[i] - mean) * factor) * scales[i] + shifts[i];
          }
          y.floats().put(row * columns, v);
        });
  }

  static void softmax(int outer, int n, int inner, boolean log, Tensor x, Tensor y) {
    JavaWorkers.run(
        outer,
        o -> {
          float[] v = new float[n * inner];
          x.floats().get(o * n * inner, v);
          for (int i = 0; i < inner; i++) {
            float max = Float.NEGATIVE_INFINITY;
            for (int j = i; j < v.length; j += inner) {
              max = Math.max(max, v[j]);
            }
            double sum = 0;
            for (int j = i; j < v.length; j += inner) {
              sum += Math.exp((double) v[j] - max);
            }
            double logSum = Math.log(sum);
            for (int j = i; j < v.length; j += inner) {
              double d = (double) v[j] - max;
              v[j] = (float) (log ? d - logSum : Math.exp(d) / sum);
            }
          }
          y.floats().put(o * n * inner, v);
        });
  }

  static void reduce(ReduceOp op, int outer, int n, int inner, Tensor x, Tensor y) {
    JavaWorkers.run(
        outer,
        o -> {
          float[] v = new float[n * inner];
          x.floats().get(o * n * inner, v);
          float[] out = new float[inner];
          for (int i = 0; i < inner; i++) {
            double sum = 0;
            float max = Float.NEGATIVE_INFINITY;
            for (int j = i; j < v.length; j += inner) {
              sum += v[j];
              max = Math.max(max, v[j]);
            }
            out[i] =
                switch (op) {
                  case SUM -> (float) sum;
                  case MEAN -> (float) (sum / n);
                  case MAX -> max;
                };
          }
          y.floats().put(o * inner, out);
        });
  }
}

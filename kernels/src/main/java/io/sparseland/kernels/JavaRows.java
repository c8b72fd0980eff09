// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Operations that combine the elements of a row; sums are kept in double. */
final class JavaRows {

  private JavaRows() {}

  record Norm(Tensor scale, Tensor shift, float epsilon) {}

  static void layerNorm(int outer, int n, int inner, Tensor x, Norm norm, Tensor y) {
    float[] scales = norm.scale().toArray();
    float[] shifts = norm.shift().toArray();
    JavaWorkers.run(
        outer,
        o -> {
          float[] v = new float[n * inner];
          x.floats().get(o * n * inner, v);
          for (int i = 0; i < inner; i++) {
            double mean = 0;
            for (int j = i; j < v.length; j += inner) {
              mean += v[j];
            }
            mean /= n;
            double variance = 0;
            for (int j = i; j < v.length; j += inner) {
              variance += (v[j] - mean) * (v[j] - mean);
            }
            double factor = 1 / Math.sqrt(variance / n + norm.epsilon());
            for (int j = i; j < v.length; j += inner) {
              v[j] = (float) ((v[j] - mean) * factor) * scales[j / inner] + shifts[j / inner];
            }
          }
          y.floats().put(o * n * inner, v);
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

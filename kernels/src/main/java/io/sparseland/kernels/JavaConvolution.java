// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import org.jspecify.annotations.Nullable;

/** Convolution as a product: each block of pixels is laid out as a panel [inputs][pixels]. */
final class JavaConvolution {

  private JavaConvolution() {}

  static void conv2d(
      JavaWeights w, @Nullable Tensor bias, Activation act, ConvShape s, Tensor x, Tensor y) {
    int pixels = y.dimension(2) * y.dimension(3);
    int blocks = (pixels + JavaProducts.PANEL - 1) / JavaProducts.PANEL;
    int images = x.size() / x.dimension(0);
    int rows = w.outputs() / s.groups();
    JavaWeights.Data data = w.data();
    float[] biases = bias == null ? new float[0] : bias.toArray();
    JavaWorkers.run(
        x.dimension(0),
        image -> {
          float[] in = new float[images];
          x.floats().get(image * images, in);
          float[] sums = new float[rows * JavaProducts.PANEL];
          for (int task = 0; task < s.groups() * blocks; task++) {
            int group = task / blocks;
            int first = task % blocks * JavaProducts.PANEL;
            int count = Math.min(JavaProducts.PANEL, pixels - first);
            float[] panel = panel(s, x, y, in, group, first, count);
            JavaProducts.multiply(
                data, w.inputs(), group * rows, (group + 1) * rows, panel, count, sums);
            JavaProducts.finish(sums, group * rows, rows, count, biases, act);
            for (int row = 0; row < rows; row++) {
              int at = (image * w.outputs() + group * rows + row) * pixels + first;
              y.floats().put(at, sums, row * count, count);
            }
          }
        });
  }

  /** [channel][kernelH][kernelW][pixels first to first + count]; 0 in the padding. */
  private static float[] panel(
      ConvShape s, Tensor x, Tensor y, float[] in, int group, int first, int count) {
    int channels = x.dimension(1) / s.groups();
    int height = x.dimension(2);
    int width = x.dimension(3);
    int outW = y.dimension(3);
    float[] panel = new float[channels * s.kernelH() * s.kernelW() * count];
    int at = 0;
    for (int c = group * channels; c < (group + 1) * channels; c++) {
      for (int kh = 0; kh < s.kernelH(); kh++) {
        for (int kw = 0; kw < s.kernelW(); kw++) {
          for (int p = first; p < first + count; p++) {
            int h = p / outW * s.strideH() - s.padH() + kh * s.dilationH();
            int v = p % outW * s.strideW() - s.padW() + kw * s.dilationW();
            boolean inside = h >= 0 && h < height && v >= 0 && v < width;
            panel[at++] = inside ? in[(c * height + h) * width + v] : 0f;
          }
        }
      }
    }
    return panel;
  }
}

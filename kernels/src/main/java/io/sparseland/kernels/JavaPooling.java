// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Pooling over NCHW data. */
final class JavaPooling {

  private JavaPooling() {}

  static void pool2d(PoolShape s, Tensor x, Tensor y) {
    int height = x.dimension(2);
    int width = x.dimension(3);
    int outH = y.dimension(2);
    int outW = y.dimension(3);
    JavaWorkers.run(
        x.dimension(0) * x.dimension(1),
        plane -> {
          float[] in = new float[height * width];
          x.floats().get(plane * height * width, in);
          float[] out = new float[outH * outW];
          for (int i = 0; i < out.length; i++) {
            int h = i / outW * s.strideH() - s.padH();
            int v = i % outW * s.strideW() - s.padW();
            out[i] =
                s.kind() == PoolShape.Kind.MAX
                    ? max(s, in, height, width, h, v)
                    : average(s, in, height, width, h, v);
          }
          y.floats().put(plane * out.length, out);
        });
  }

  private static float max(PoolShape s, float[] in, int height, int width, int h, int v) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = Math.max(h, 0); i < Math.min(h + s.kernelH(), height); i++) {
      for (int j = Math.max(v, 0); j < Math.min(v + s.kernelW(), width); j++) {
        max = Math.max(max, in[i * width + j]);
      }
    }
    return max;
  }

  private static float average(PoolShape s, float[] in, int height, int width, int h, int v) {
    int endH = Math.min(h + s.kernelH(), height);
    int endW = Math.min(v + s.kernelW(), width);
    float sum = 0;
    for (int i = Math.max(h, 0); i < endH; i++) {
      for (int j = Math.max(v, 0); j < endW; j++) {
        sum += in[i * width + j];
      }
    }
    int rows =
        s.countPadding() ? Math.min(h + s.kernelH(), height + s.padH()) - h : endH - Math.max(h, 0);
    int columns =
        s.countPadding() ? Math.min(v + s.kernelW(), width + s.padW()) - v : endW - Math.max(v, 0);
    return sum / (rows * columns);
  }
}

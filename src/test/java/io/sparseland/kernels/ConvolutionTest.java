// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutions of each level against fp64: stride, padding, dilation, groups, dense and sparse. */
class ConvolutionTest {

  /** Batch, channels, height, width, outputs and the shape of the convolution. */
  private record Case(int batch, int channels, int h, int w, int outputs, ConvShape shape) {}

  private static final List<Case> CASES =
      List.of(
          new Case(1, 1, 1, 1, 1, ConvShape.square(1, 1, 0)),
          new Case(2, 3, 7, 9, 5, ConvShape.square(3, 1, 1)),
          new Case(1, 4, 13, 11, 19, ConvShape.square(3, 2, 1)),
          new Case(2, 1, 28, 28, 20, ConvShape.square(5, 1, 0)),
          new Case(1, 33, 6, 6, 34, ConvShape.square(3, 1, 1)),
          new Case(1, 40, 5, 8, 70, ConvShape.square(1, 1, 0)),
          new Case(1, 6, 9, 10, 8, new ConvShape(3, 2, 2, 1, 2, 1, 2, 3, 2)),
          new Case(2, 6, 8, 8, 6, new ConvShape(3, 3, 1, 1, 1, 1, 1, 1, 6)),
          new Case(1, 2, 2, 3, 4, new ConvShape(3, 5, 1, 3, 2, 4, 1, 1, 1)));

  static Stream<Arguments> levelsAndCases() {
    return Kernels.levels().stream()
        .flatMap(level -> CASES.stream().map(c -> Arguments.of(level, c)));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("levelsAndCases")
  void stays_within_the_bound(String level, Case c) {
    Kernels kernels = Kernels.of(level);
    for (double sparsity : new double[] {0, 0.5, 0.9, 1}) {
      for (boolean sparse : new boolean[] {true, false}) {
        if (!sparse && sparsity > 0) {
          continue;
        }
        Samples samples = new Samples(11);
        int inputs = c.channels() / c.shape().groups() * c.shape().kernelH() * c.shape().kernelW();
        Samples.Matrix w = samples.matrix(c.outputs(), inputs, sparsity);
        Tensor x = samples.tensor(c.batch(), c.channels(), c.h(), c.w());
        Tensor bias = samples.tensor(c.outputs());
        Tensor y =
            Tensor.allocate(
                ElementType.FLOAT32,
                c.batch(),
                c.outputs(),
                c.shape().outputH(c.h()),
                c.shape().outputW(c.w()));
        try (PackedWeights packed = w.pack(kernels, c.shape(), sparse)) {
          kernels.conv2d(packed, bias, Activation.RELU, c.shape(), x, y);
        }
        compare(level, c, sparse ? w : w.full(), bias.toArray(), x.toArray(), y.toArray());
      }
    }
  }

  private static void compare(
      String level, Case c, Samples.Matrix w, float[] bias, float[] x, float[] y) {
    ConvShape s = c.shape();
    int outH = s.outputH(c.h());
    int outW = s.outputW(c.w());
    assertThat(y).hasSize(c.batch() * c.outputs() * outH * outW);
    int perGroup = c.channels() / s.groups();
    for (int i = 0; i < y.length; i++) {
      int ow = i % outW;
      int oh = i / outW % outH;
      int out = i / outW / outH % c.outputs();
      int image = i / outW / outH / c.outputs();
      int firstChannel = out / (c.outputs() / s.groups()) * perGroup;
      Reference.Sum sum =
          Reference.dot(
              w,
              out,
              j -> {
                int kw = j % s.kernelW();
                int kh = j / s.kernelW() % s.kernelH();
                int channel = firstChannel + j / s.kernelW() / s.kernelH();
                int h = oh * s.strideH() - s.padH() + kh * s.dilationH();
                int v = ow * s.strideW() - s.padW() + kw * s.dilationW();
                return h < 0 || h >= c.h() || v < 0 || v >= c.w()
                    ? 0
                    : x[((image * c.channels() + channel) * c.h() + h) * c.w() + v];
              },
              bias[out]);
      Reference.close(y[i], Math.max(0, sum.value()), sum.bound(), level + " " + c + " at " + i);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Random;

/** Data of the kernel tests: random arrays and weights, all from a seed. */
final class Samples {

  private final Random random;

  Samples(long seed) {
    this.random = new Random(seed);
  }

  /** Standard normal values. */
  float[] normal(int size) {
    float[] x = new float[size];
    for (int i = 0; i < size; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  Tensor tensor(int... shape) {
    int size = 1;
    for (int n : shape) {
      size *= n;
    }
    return Tensor.of(normal(size), shape);
  }

  /** A matrix with about this fraction of zeros, pruned ones left out of {@code kept}. */
  Matrix matrix(int n, int k, double sparsity) {
    boolean[] kept = new boolean[n * k];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = random.nextDouble() >= sparsity;
    }
    return new Matrix(n, k, normal(n * k), kept);
  }

  /** Weights [n, k] with a mask. */
  @SuppressWarnings("ArrayRecordComponent")
  record Matrix(int n, int k, float[] values, boolean[] kept) {

    PackedWeights sparse(Kernels kernels) {
      return kernels.pack(masked(), Kernels.SPARSE);
    }

    /** As it is stored, with its mask. */
    io.sparseland.kernels.Matrix masked() {
      LongBuffer mask = LongBuffer.allocate((kept.length + 63) / 64);
      float[] nonzeros = new float[kept.length];
      int count = 0;
      for (int i = 0; i < kept.length; i++) {
        if (kept[i]) {
          mask.put(i / 64, mask.get(i / 64) | 1L << (i % 64));
          nonzeros[count++] = values[i];
        }
      }
      return io.sparseland.kernels.Matrix.sparse(n, k, mask, FloatBuffer.wrap(nonzeros, 0, count));
    }

    PackedWeights dense(Kernels kernels) {
      return kernels.pack(all(), Kernels.DENSE);
    }

    private io.sparseland.kernels.Matrix all() {
      return io.sparseland.kernels.Matrix.dense(n, k, FloatBuffer.wrap(values));
    }

    /** All weights kept: what a dense product computes. */
    Matrix full() {
      boolean[] all = new boolean[kept.length];
      java.util.Arrays.fill(all, true);
      return new Matrix(n, k, values, all);
    }

    /** For a convolution. */
    PackedWeights pack(Kernels kernels, ConvShape window, boolean sparse) {
      return kernels.pack(
          (sparse ? masked() : all()).under(window), sparse ? Kernels.SPARSE : Kernels.DENSE);
    }

    PackedWeights pack(Kernels kernels, boolean sparse) {
      return sparse ? sparse(kernels) : dense(kernels);
    }
  }
}

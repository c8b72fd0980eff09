// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same bits for any number of threads and from several callers at once. */
class ThreadsTest {

  private final int before = Threads.count();

  static Stream<String> levels() {
    return Kernels.levels().stream();
  }

  @AfterEach
  void restore() {
    Threads.set(before);
  }

  @ParameterizedTest
  @MethodSource("levels")
  void gives_the_same_bits_for_any_number_of_threads(String level) {
    List<float[]> results = new ArrayList<>();
    for (int threads : new int[] {1, 2, 3, 8}) {
      Threads.set(threads);
      results.add(work(Kernels.of(level)));
    }

    assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(results.get(0)));
  }

  @ParameterizedTest
  @MethodSource("levels")
  void serves_eight_callers_at_once(String level) throws Exception {
    Threads.set(3);
    Kernels kernels = Kernels.of(level);
    float[] expected = work(kernels);
    ExecutorService callers = Executors.newFixedThreadPool(8);
    try {
      List<Callable<float[]>> calls = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        calls.add(() -> work(kernels));
      }
      for (Future<float[]> result : callers.invokeAll(calls)) {
        assertThat(result.get()).isEqualTo(expected);
      }
    } finally {
      callers.shutdownNow();
    }
  }

  /** A chain of operations large enough for the pool. */
  private static float[] work(Kernels kernels) {
    Samples samples = new Samples(8);
    Tensor x = samples.tensor(70, 300);
    Tensor hidden = Tensor.allocate(ElementType.FLOAT32, 70, 900);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 70, 64);
    Tensor images = y.reshape(70, 4, 4, 4);
    Tensor z = Tensor.allocate(ElementType.FLOAT32, 70, 9, 4, 4);
    Tensor product = Tensor.allocate(ElementType.FLOAT32, 70, 9, 4, 4);
    ConvShape window = ConvShape.square(3, 1, 1);
    try (PackedWeights first = samples.matrix(900, 300, 0.8).sparse(kernels);
        PackedWeights second = samples.matrix(64, 900, 0).dense(kernels);
        PackedWeights third = samples.matrix(9, 36, 0.5).pack(kernels, window, true)) {
      kernels.linear(first, null, Activation.GELU, x, hidden);
      kernels.layerNorm(hidden, samples.tensor(900), samples.tensor(900), 1e-5f, hidden);
      kernels.linear(second, samples.tensor(64), Activation.NONE, hidden, y);
      kernels.conv2d(third, null, Activation.TANH, window, images, z);
      kernels.softmax(1, false, z, z);
      kernels.matmul(z, z, product);
      kernels.binary(BinaryOp.MUL, product, samples.tensor(9, 1, 1), product);
    }
    return product.toArray();
  }
}

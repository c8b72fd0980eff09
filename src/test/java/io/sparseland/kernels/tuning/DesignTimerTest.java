// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.format.KernelChoice;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class DesignTimerTest {

  private static Matrix eye(int size) {
    long[] mask = new long[(size * size + 63) / 64];
    for (int i = 0; i < size; i++) {
      int at = i * size + i;
      mask[at / 64] |= 1L << (at % 64);
    }
    return Matrix.sparse(size, size, LongBuffer.wrap(mask), FloatBuffer.allocate(size));
  }

  @Test
  void designs_are_timed_in_every_round_and_dense_ones_always() {
    Kernels kernels = Kernels.best();
    Matrix w = eye(64);

    List<DesignTimer.Times> times =
        new DesignTimer(kernels, 5, false).time(w, 3, design -> !design.equals(Kernels.SPARSE));

    assertThat(times)
        .extracting(DesignTimer.Times::design)
        .contains(Kernels.DENSE)
        .doesNotContain(Kernels.SPARSE)
        .allSatisfy(design -> assertThat(kernels.refuses(w, design)).isEmpty());
    assertThat(times)
        .allSatisfy(t -> assertThat(t.seconds()).isNotEmpty().allMatch(s -> s > 0))
        .filteredOn(t -> t.design().equals(Kernels.DENSE))
        .allSatisfy(t -> assertThat(t.seconds()).hasSize(5));
  }

  @Test
  void the_fastest_dense_and_sparse_designs_are_timed_longer() {
    List<DesignTimer.Times> times = new DesignTimer(Kernels.best(), 2, false).timeFinal(eye(64), 3);

    assertThat(times).filteredOn(t -> t.seconds().size() == 10).hasSize(2);
    assertThat(times)
        .filteredOn(t -> KernelChoice.DENSE.contains(t.design()) && t.seconds().size() == 10)
        .hasSize(1);
  }

  @Test
  void the_median_lies_in_the_middle() {
    assertThat(new DesignTimer.Times("x", List.of(5.0, 1.0, 2.0)).median()).isEqualTo(2);
    assertThat(new DesignTimer.Times("x", List.of(5.0, 1.0, 2.0, 4.0)).median()).isEqualTo(3);
  }

  @Test
  void a_profile_has_a_row_for_every_combination_relative_to_dense() {
    Profiler.Grid grid =
        new Profiler.Grid(
            List.of(WeightType.FP32, WeightType.INT8),
            List.of(1, 3),
            List.of(List.of(32, 16)),
            List.of(0.0, 0.9),
            List.of(new Profiler.Grid.Conv(3, 8, 4, 25)));

    CostTable table = new Profiler(Kernels.of("java"), grid).measure("tiny", "a test", done -> {});

    assertThat(table.rows()).hasSize(18).hasSize((int) grid.rows()); // 2 types, 4 patterns, 2 m; 2
    assertThat(table.rows())
        .allSatisfy(
            row -> {
              assertThat(row.costs()).containsOnlyKeys("csr", "dense");
              assertThat(row.costs().get("dense")).containsOnly(1.0);
            });
  }

  @Test
  void convolutions_are_timed_on_images_of_so_many_pixels() {
    Kernels kernels = Kernels.best();
    Matrix w = Profiler.random("4x1", 8, 36, 0.5).under(ConvShape.square(3, 2, 1));

    List<DesignTimer.Times> times = new DesignTimer(kernels, 3, false).time(w, 49, d -> true);

    assertThat(times).extracting(DesignTimer.Times::design).contains("dense", "csr");
    assertThat(times).allSatisfy(t -> assertThat(t.seconds()).allMatch(s -> s > 0));
  }

  @Test
  void a_profile_looks_up_a_convolution_among_rows_of_its_window() {
    Profiler.Grid grid =
        new Profiler.Grid(
            List.of(),
            List.of(1),
            List.of(),
            List.of(0.0, 0.9),
            List.of(new Profiler.Grid.Conv(3, 8, 4, 25), new Profiler.Grid.Conv(1, 8, 16, 25)));
    CostTable table = new Profiler(Kernels.of("java"), grid).measure("tiny", "a test", done -> {});
    Matrix three = Profiler.random("4x1", 8, 36, 0.9).under(ConvShape.square(3, 1, 1));
    Matrix linear = Profiler.random("4x1", 8, 36, 0.9);

    assertThat(new Profile(table).of(three, "4x1", 784)).containsOnlyKeys("csr", "dense");
    assertThat(new Profile(CostTable.of("generic")).of(linear, "4x1", 784)).containsKey("csr");
  }

  @Test
  void random_matrices_have_their_pattern() {
    Matrix w = Profiler.random("4x2", 8, 6, 0.5);
    LongBuffer mask = java.util.Objects.requireNonNull(w.mask());

    for (int i = 0; i < 48; i++) {
      int first = i / 6 / 4 * 4 * 6 + i % 6 / 2 * 2; // of the block
      assertThat(mask.get(0) >>> i & 1).isEqualTo(mask.get(0) >>> first & 1);
    }
    assertThat(w.values().count()).isEqualTo(Long.bitCount(mask.get(0))).isBetween(8, 40);
  }

  @Test
  void the_ratio_of_a_layer_is_the_median_of_pairs() {
    DesignTimer.Times dense = new DesignTimer.Times("dense", List.of(2.0, 9.0, 4.0));
    DesignTimer.Times own = new DesignTimer.Times("csr", List.of(1.0, 3.0, 8.0));

    assertThat(LayerSpeed.ratio(dense, own)).isEqualTo(2); // of 2, 3 and 0.5
    assertThat(LayerSpeed.ratio(dense, new DesignTimer.Times("csr", List.of(8.0)))).isEqualTo(0.5);
  }

  @Test
  void equal_matrices_are_measured_once() {
    Measured measured = new Measured(Kernels.of("java"), 0);
    Matrix w = eye(20);

    assertThat(measured.of(w, "unstructured", 2)).isSameAs(measured.of(eye(20), "unstructured", 2));
    assertThat(measured.of(w, "unstructured", 2)).containsOnlyKeys("csr", "dense");
    assertThat(measured.of(w.as(WeightType.INT8), "unstructured", 2))
        .isNotSameAs(measured.of(w, "unstructured", 2));
  }
}

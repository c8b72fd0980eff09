// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparseland.core.Geometry;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.kernels.Activation;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelChoicesTest {

  private static final Node LINEAR =
      new Node("y", new Op.Linear("w", Optional.empty(), Activation.NONE), List.of("x"), "layer");

  private static KernelChoice choose(int in, int kept, ExportOptions.Kernels policy) {
    Geometry geometry = Geometry.linear(10, in);
    BitSet keep = new BitSet();
    keep.set(0, kept);
    Mask mask = Mask.of(geometry, Pattern.unstructured(), keep);
    Weight weight = new Weight("w", List.of(10, in), new float[10 * in], "layer", mask);
    return KernelChoices.choose(weight, LINEAR, policy);
  }

  @ParameterizedTest
  @CsvSource({
    "100, 300, AUTO, csr", // 70 % pruned: the break-even itself
    "100, 301, AUTO, dense",
    "100, 301, SPARSE, csr",
    "100, 10, DENSE, dense",
    "8, 1, AUTO, dense" // short rows
  })
  void goes_by_sparsity_row_length_and_wish(
      int in, int kept, ExportOptions.Kernels policy, String kernel) {
    assertThat(choose(in, kept, policy).designs()).isEqualTo(kernel);
  }

  @Test
  void says_why() {
    assertThat(choose(100, 301, ExportOptions.Kernels.AUTO).reason())
        .isEqualTo("sparsity 0.6990 is below the fixed break-even 0.70 of linear layers");
  }

  @Test
  void what_is_not_pruned_runs_dense() {
    Weight weight = new Weight("w", List.of(10, 100), new float[1000], "layer", null);

    assertThat(KernelChoices.choose(weight, LINEAR, ExportOptions.Kernels.SPARSE))
        .isEqualTo(KernelChoice.dense("not pruned"));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ComparisonTest {

  @Test
  void reports_the_largest_difference_and_its_share_of_the_largest_output() {
    Comparison.Difference difference =
        Comparison.compare(0, new float[] {1, -2.0001f}, new float[] {1, -2}, Comparison.TOLERANCE);

    assertThat(difference.maxAbs()).isBetween(0.9e-4, 1.1e-4);
    assertThat(difference.maxRelative()).isBetween(0.45e-4, 0.55e-4); // of 2
  }

  @Test
  void refuses_what_is_beyond_the_bound() {
    // the bound is 1e-4 * (1 + 3) = 4e-4
    assertThat(Comparison.compare(0, new float[] {3.0003f}, new float[] {3}, Comparison.TOLERANCE))
        .isNotNull();
    assertThatThrownBy(
            () ->
                Comparison.compare(
                    2, new float[] {0, 3.0005f}, new float[] {0, 3}, Comparison.TOLERANCE))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("element 1 of output 2")
        .hasMessageContaining("3.0005");
  }

  @Test
  void refuses_outputs_that_are_not_finite() {
    assertThatThrownBy(
            () ->
                Comparison.compare(
                    0, new float[] {Float.NaN}, new float[] {Float.NaN}, Comparison.TOLERANCE))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("finite");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of algorithms/sparse-training.md section 4.2. */
class EpsilonTest {

  private static final List<LayerShape> LAYERS =
      List.of(fc("1", 1000, 784), fc("2", 1000, 1000), fc("3", 1000, 1000), fc("4", 10, 1000));

  @ParameterizedTest
  @CsvSource({"11, 19624, 22000, 10000", "13, 23192, 26000, 10000", "20, 35680, 40000, 10000"})
  void connections_of_a_network_for_mnist(double epsilon, long first, long middle, long last) {
    assertThat(new Epsilon(epsilon).kept(LAYERS)).containsExactly(first, middle, middle, last);
  }

  @Test
  void takes_the_sparsity_that_it_gives_and_names_it_otherwise() {
    Epsilon eleven = new Epsilon(11);
    double own = 1 - 73_624 / 2_794_000.0;

    assertThat(eleven.sparsity(LAYERS)).isEqualTo(own);
    assertThat(eleven.kept(LAYERS, 0.9736)).isEqualTo(eleven.kept(LAYERS));
    assertThatThrownBy(() -> eleven.kept(LAYERS, 0.9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0.9736");
    assertThatThrownBy(() -> new Epsilon(0)).hasMessageContaining("epsilon is 0.0");
  }

  private static LayerShape fc(String name, int out, int in) {
    return new LayerShape(name, LayerType.LINEAR, Geometry.linear(out, in));
  }
}

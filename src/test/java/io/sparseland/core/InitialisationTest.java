// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

/** Values of algorithms/sparse-training.md section 4.5. */
class InitialisationTest {

  @Test
  void a_layer_of_density_one_tenth_is_drawn_wider() {
    Mask dense = Mask.all(Geometry.linear(10, 784));
    BitSet tenth = new BitSet();
    tenth.set(0, 784);

    assertThat(Initialisation.LAYER.deviations(dense)[3]).isCloseTo(0.050508, within(5e-7));
    assertThat(
            Initialisation.LAYER
                .deviations(Mask.of(dense.geometry(), Pattern.unstructured(), tenth))[3])
        .isCloseTo(0.159719, within(5e-7));
  }

  @Test
  void a_unit_is_drawn_by_its_own_inputs_and_one_without_is_0() {
    BitSet keep = new BitSet();
    keep.set(0, 40); // of the first output
    Mask mask = Mask.of(Geometry.linear(2, 784), Pattern.unstructured(), keep);

    assertThat(Initialisation.UNIT.deviations(mask)[0]).isCloseTo(0.223607, within(5e-7));
    assertThat(Initialisation.UNIT.deviations(mask)[1]).isZero();
    assertThat(Initialisation.UNIT.draw(mask, 1, "a")).doesNotContain(Float.NaN);
  }

  @Test
  void draws_have_that_deviation_and_are_0_outside_the_mask() {
    BitSet keep = new BitSet();
    for (int i = 0; i < 400 * 500; i += 2) {
      keep.set(i);
    }
    Mask mask = Mask.of(Geometry.linear(400, 500), Pattern.unstructured(), keep);

    float[] weights = Initialisation.UNIT.draw(mask, 7, "a");

    double squares = 0;
    for (int i = 0; i < weights.length; i++) {
      assertThat(weights[i] == 0).isEqualTo(!mask.get(i));
      squares += weights[i] * weights[i];
    }
    assertThat(Math.sqrt(squares / mask.kept())).isCloseTo(Math.sqrt(2 / 250.0), within(5e-4));
    assertThat(Initialisation.UNIT.draw(mask, 7, "a")).isEqualTo(weights);
    assertThat(Initialisation.UNIT.draw(mask, 7, "b")).isNotEqualTo(weights);
  }

  @Test
  void weights_that_stay_are_not_drawn() {
    assertThatThrownBy(() -> Initialisation.KEEP.deviations(Mask.all(Geometry.linear(1, 1))))
        .isInstanceOf(IllegalStateException.class);
  }
}

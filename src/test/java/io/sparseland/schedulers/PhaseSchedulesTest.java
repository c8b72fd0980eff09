// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Worked values of algorithms/sparse-training.md sections 3.1 and 3.2: phases, steps, drops. */
class PhaseSchedulesTest {

  private static final double PRINTED = 5e-7;

  @ParameterizedTest
  @CsvSource({"0, 0", "99, 0", "100, 0.535841", "199, 0.535841", "200, 0.784557", "300, 0.9"})
  void iterative_pruning_to_nine_tenths_in_three_phases(long step, double expected) {
    assertThat(new Iterative(0, 0.9, 0, 300, 3).at(step)).isCloseTo(expected, within(PRINTED));
    assertThat(new Iterative(0, 0.9, 0, 300, 3).share()).isCloseTo(0.535841, within(PRINTED));
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 0.8", "5, 0.32768", "10, 0.107374", "15, 0.035184"})
  void lottery_tickets_lose_a_fifth_a_round(int round, double density) {
    double last = 1 - Math.pow(0.8, 15);

    assertThat(1 - new Iterative(0, last, 0, 15, 15).at(round)).isCloseTo(density, within(PRINTED));
  }

  @Test
  void linear_phases_take_equal_steps() {
    LinearPhases phases = new LinearPhases(0.2, 0.8, 10, 40, 3);

    assertThat(List.of(0, 10, 19, 20, 30, 39, 40, 99).stream().map(s -> phases.at(s)))
        .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-12 ? 0 : Double.compare(a, b))
        .containsExactly(0.2, 0.2, 0.2, 0.4, 0.6, 0.6, 0.8, 0.8);
  }

  @Test
  void a_phase_that_does_not_divide_the_time_ends_at_the_next_step() {
    assertThat(new LinearPhases(0, 1, 0, 10, 3).at(3)).isZero(); // 10 / 3 is after step 3
    assertThat(new LinearPhases(0, 1, 0, 10, 3).at(4)).isCloseTo(1 / 3.0, within(1e-12));
    assertThat(new LinearPhases(0, 1, 0, 10, 3).at(10)).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"100, 0", "250, 0.520313", "400, 0.7875", "550, 0.885938", "700, 0.9", "701, 0.9"})
  void warm_up_cubic_of_a_thousand_steps(long step, double expected) {
    assertThat(Cubic.warmedUp(0, 0.9, 0.1, 0.3, 1000).at(step))
        .isCloseTo(expected, within(PRINTED));
  }

  @Test
  void stepped_values_take_over_at_their_steps() {
    Stepped bounds = new Stepped(List.of(0.92, 0.91, 0.9), List.of(90L, 120L));

    assertThat(List.of(0, 89, 90, 119, 120, 500).stream().map(s -> bounds.at(s)))
        .containsExactly(0.92, 0.92, 0.91, 0.91, 0.9, 0.9);
  }

  @ParameterizedTest
  @CsvSource({"0, 0.3", "25, 0.126563", "50, 0.0375", "75, 0.004688", "100, 0", "200, 0"})
  void inverse_power_three(long step, double expected) {
    assertThat(new InversePower(0.3, 3, 100).at(step)).isCloseTo(expected, within(PRINTED));
  }

  @ParameterizedTest
  @CsvSource({"0, 0.3", "25, 0.225", "100, 0"})
  void inverse_power_one_is_linear(long step, double expected) {
    assertThat(new InversePower(0.3, 1, 100).at(step)).isCloseTo(expected, within(1e-12));
  }

  @Test
  void rate_coupled_drops_follow_the_rate_whatever_its_scale() {
    RateCoupled coupled =
        new RateCoupled(0.3, new Stepped(List.of(0.2, 0.2 / 3, 0.2 / 9), List.of(60L, 70L)));

    assertThat(coupled.at(0)).isEqualTo(0.3);
    assertThat(coupled.at(60)).isCloseTo(0.1, within(1e-12));
    assertThat(coupled.at(70)).isCloseTo(0.1 / 3, within(1e-12));
  }

  @Test
  void what_contradicts_itself_is_refused() {
    assertThatThrownBy(() -> new Iterative(0, 1, 0, 10, 2)).hasMessageContaining("below 1");
    assertThatThrownBy(() -> new Iterative(0, 0.9, 10, 10, 2)).hasMessageContaining("begin");
    assertThatThrownBy(() -> new LinearPhases(0, 0.9, 0, 10, 0)).hasMessageContaining("phases");
    assertThatThrownBy(() -> new Stepped(List.of(0.1), List.of(5L)))
        .hasMessageContaining("one value more than changes");
    assertThatThrownBy(() -> new Stepped(List.of(0.1, 0.2, 0.3), List.of(9L, 9L)))
        .hasMessageContaining("change at step 9");
    assertThatThrownBy(() -> new InversePower(1.2, 3, 10)).hasMessageContaining("from is 1.2");
    assertThatThrownBy(() -> new RateCoupled(0.3, new Constant(0)))
        .hasMessageContaining("rate is 0.0 at step 0");
    assertThatThrownBy(() -> Cubic.warmedUp(0, 0.9, 0.7, 0.3, 100)).hasMessageContaining("begin");
  }
}

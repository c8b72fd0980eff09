// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparseland.core.Schedule;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Worked values of algorithms/sparse-training.md sections 3.1 and 3.2, printed to 6 digits. */
class SchedulesTest {

  private static final double PRINTED = 5e-7;

  @ParameterizedTest
  @CsvSource({
    "1, 0, 0", "1, 10, 0.09", "1, 25, 0.225", "1, 50, 0.45", "1, 75, 0.675", "1, 90, 0.81",
    "1, 100, 0.9", "2, 0, 0", "2, 10, 0.171", "2, 25, 0.39375", "2, 50, 0.675", "2, 75, 0.84375",
    "2, 90, 0.891", "2, 100, 0.9", "3, 0, 0", "3, 10, 0.2439", "3, 25, 0.520313", "3, 50, 0.7875",
    "3, 75, 0.885938", "3, 90, 0.8991", "3, 100, 0.9"
  })
  void polynomial(double power, long step, double expected) {
    assertThat(new Polynomial(0, 0.9, 0, 100, power).at(step)).isCloseTo(expected, within(PRINTED));
    if (power == 1) {
      assertThat(new Linear(0, 0.9, 0, 100).at(step)).isCloseTo(expected, within(PRINTED));
    }
    if (power == 3) {
      assertThat(new Cubic(0, 0.9, 0, 100).at(step)).isCloseTo(expected, within(PRINTED));
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "25, 0.437659", "50, 0.683772", "75, 0.822172", "100, 0.9"})
  void exponential(long step, double expected) {
    assertThat(new Exponential(0, 0.9, 0, 100).at(step)).isCloseTo(expected, within(PRINTED));
  }

  @ParameterizedTest
  @CsvSource({"0, 0.5", "50, 0.85", "100, 0.9"})
  void cubic_from_one_half(long step, double expected) {
    assertThat(new Cubic(0.5, 0.9, 0, 100).at(step)).isCloseTo(expected, within(PRINTED));
  }

  @ParameterizedTest
  @CsvSource({"100, 0", "250, 0.520313", "400, 0.7875", "550, 0.885938", "700, 0.9", "701, 0.9"})
  void cubic_with_warm_up_and_tail(long step, double expected) {
    assertThat(new Cubic(0, 0.9, 100, 700).at(step)).isCloseTo(expected, within(PRINTED));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0.3",
    "18750, 0.256066",
    "37500, 0.15",
    "56250, 0.043934",
    "75000, 0",
    "90000, 0"
  })
  void cosine_falls_to_zero(long step, double expected) {
    assertThat(Cosine.decay(0.3, 75_000).at(step)).isCloseTo(expected, within(PRINTED));
  }

  @ParameterizedTest
  @CsvSource({"0, 0.5", "50, 0.2525", "100, 0.005", "200, 0.005"})
  void cosine_with_floor(long step, double expected) {
    assertThat(new Cosine(0.5, 0.005, 100).at(step)).isCloseTo(expected, within(PRINTED));
  }

  @ParameterizedTest
  @CsvSource({"0, 0.3", "25, 0.126563", "50, 0.0375", "75, 0.004688", "100, 0"})
  void inverse_power_is_a_polynomial_to_zero(long step, double expected) {
    assertThat(new Polynomial(0.3, 0, 0, 100, 3).at(step)).isCloseTo(expected, within(PRINTED));
  }

  @ParameterizedTest
  @CsvSource({"0, 0.3", "25, 0.14171", "50, 0.066939", "75, 0.03162", "100, 0.014936"})
  void exponential_decay(long step, double expected) {
    assertThat(new ExponentialDecay(0.3, 3, 100).at(step)).isCloseTo(expected, within(PRINTED));
  }

  @Test
  void one_shot_jumps() {
    Schedule schedule = new OneShot(0, 0.8, 10);

    assertThat(new double[] {schedule.at(0), schedule.at(9), schedule.at(10), schedule.at(99)})
        .containsExactly(0, 0, 0.8, 0.8);
    assertThat(new Constant(0.3).at(12345)).isEqualTo(0.3);
  }

  @Test
  void the_last_step_of_a_cubic_is_its_smallest() {
    Cubic cubic = new Cubic(0, 0.9, 0, 100);

    // (s_f - s_i) / (t1 - t0)^3, up to one rounding of 0.9
    assertThat(cubic.at(100) - cubic.at(99)).isCloseTo(0.9 / 1e6, within(3e-16));
  }

  static Stream<Ramp> ramps() {
    return Stream.concat(
        Arrays.stream(Ramp.Plain.values()),
        Stream.of(new Ramp.ByShares(3), new Ramp.ByEqualSteps(7), new Ramp.Power(2)));
  }

  @ParameterizedTest
  @MethodSource("ramps")
  void ramps_are_exact_at_the_ends_monotone_and_constant_outside(Ramp ramp) {
    Random random = new Random(5);
    for (int trial = 0; trial < 100; trial++) {
      double from = random.nextDouble() * 0.5;
      double to = from + random.nextDouble() * (0.999 - from);
      long begin = 1L + random.nextInt(50);
      long end = begin + 1 + random.nextInt(200);
      Schedule schedule = ramp.schedule(from, to, begin, end);

      assertThat(schedule.at(0)).isEqualTo(from);
      assertThat(schedule.at(begin - 1)).isEqualTo(from);
      assertThat(schedule.at(begin)).isEqualTo(ramp == Ramp.Plain.ONE_SHOT ? to : from);
      assertThat(schedule.at(end)).isEqualTo(to);
      assertThat(schedule.at(end + 1000)).isEqualTo(to);
      for (long step = begin; step < end; step++) {
        assertThat(schedule.at(step + 1)).isGreaterThanOrEqualTo(schedule.at(step));
        assertThat(schedule.at(step)).isBetween(from, to);
      }
    }
  }

  @Test
  void a_cosine_is_half_at_half_time() {
    assertThat(Cosine.decay(0.3, 1000).at(500)).isCloseTo(0.15, within(1e-16));
  }

  @Test
  void settings_out_of_range_are_refused() {
    assertThatThrownBy(() -> new Cubic(0, 1.2, 0, 10)).hasMessageContaining("to is 1.2");
    assertThatThrownBy(() -> new Cubic(0, 0.9, 10, 10)).hasMessageContaining("begin is step 10");
    assertThatThrownBy(() -> new Exponential(0, 1, 0, 10)).hasMessageContaining("below 1");
    assertThatThrownBy(() -> new Cosine(0.1, 0.2, 10)).hasMessageContaining("floor is 0.2");
    assertThatThrownBy(() -> new Cosine(0.1, 0, 0)).hasMessageContaining("end is step 0");
    assertThatThrownBy(() -> new Polynomial(0, 0.5, 0, 9, 0)).hasMessageContaining("power is 0");
    assertThatThrownBy(() -> new Constant(Double.NaN)).hasMessageContaining("value is NaN");
  }
}

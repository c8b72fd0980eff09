// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TriggerTest {

  @Test
  void nothing_happens_at_step_0_by_default() {
    assertThat(IntStream.range(0, 450).filter(Trigger.every(100)::due))
        .containsExactly(100, 200, 300, 400);
  }

  @Test
  void begins_and_ends_inclusively() {
    Trigger trigger = Trigger.every(10).from(5).until(35);

    assertThat(IntStream.range(0, 100).filter(trigger::due)).containsExactly(5, 15, 25, 35);
    assertThat(trigger.last()).isEqualTo(35);
    assertThat(Trigger.every(10).from(5).until(34).last()).isEqualTo(25);
  }

  @Test
  void impossible_settings_are_refused() {
    assertThatThrownBy(() -> Trigger.every(0)).hasMessageContaining("every is 0 steps");
    assertThatThrownBy(() -> Trigger.every(10).until(5))
        .hasMessageContaining("begin is step 10 and end step 5");
  }
}

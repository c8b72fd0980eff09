// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {

  @Test
  void a_chain_needs_two_buffers() {
    // each value lives from its step to the next: 128 and 64 bytes are alive together at most
    MemoryPlan plan =
        MemoryPlan.of(
            List.of(
                new MemoryPlan.Buffer(128, 0, 1),
                new MemoryPlan.Buffer(64, 1, 2),
                new MemoryPlan.Buffer(128, 2, 3),
                new MemoryPlan.Buffer(64, 3, 4)));

    assertThat(plan.bytes()).isEqualTo(192);
  }

  @Test
  void buffers_alive_together_never_overlap() {
    Random random = new Random(5);
    for (int round = 0; round < 200; round++) {
      List<MemoryPlan.Buffer> buffers = new ArrayList<>();
      long sum = 0;
      for (int i = 0; i < 30; i++) {
        int first = random.nextInt(20);
        long bytes = 4L * (1 + random.nextInt(100));
        sum += bytes + 60;
        buffers.add(new MemoryPlan.Buffer(bytes, first, first + random.nextInt(6)));
      }

      MemoryPlan plan = MemoryPlan.of(buffers);

      assertThat(plan.bytes()).isLessThan(sum);
      for (int i = 0; i < buffers.size(); i++) {
        assertThat(plan.offset(i) % 64).isZero();
        assertThat(plan.offset(i) + buffers.get(i).bytes()).isLessThanOrEqualTo(plan.bytes());
        for (int j = 0; j < i; j++) {
          if (buffers.get(i).meets(buffers.get(j))) {
            assertThat(
                    plan.offset(i) >= plan.offset(j) + buffers.get(j).bytes()
                        || plan.offset(j) >= plan.offset(i) + buffers.get(i).bytes())
                .isTrue();
          }
        }
      }
    }
  }
}

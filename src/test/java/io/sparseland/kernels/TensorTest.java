// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class TensorTest {

  @Test
  void memory_is_aligned_to_64_bytes_and_zero() {
    Tensor x = Tensor.allocate(ElementType.FLOAT32, 3, 5);

    assertThat(x.bytes().alignmentOffset(0, 64)).isZero();
    assertThat(x.toArray()).hasSize(15).containsOnly(0f);
  }

  @Test
  void every_small_size_fits_its_memory() {
    for (int n = 1; n < 70; n++) {
      assertThat(Tensor.allocate(ElementType.FLOAT32, n).bytes().capacity()).isEqualTo(4 * n);
    }
  }

  @Test
  void wraps_memory_from_the_position_on() {
    ByteBuffer memory = ByteBuffer.allocateDirect(32).order(ByteOrder.nativeOrder());
    memory.putFloat(8, 7f).position(8);

    Tensor x = Tensor.wrap(memory, ElementType.FLOAT32, 2, 2);

    assertThat(x.toArray()).containsExactly(7, 0, 0, 0);
    memory.putFloat(12, 9f);
    assertThat(x.toArray()).containsExactly(7, 9, 0, 0);
  }

  @Test
  void refuses_memory_that_is_on_the_heap_or_swapped_or_small_or_unaligned() {
    ByteBuffer good = ByteBuffer.allocateDirect(64).order(ByteOrder.nativeOrder());

    refused(ByteBuffer.allocate(64), "on the heap");
    refused(ByteBuffer.allocateDirect(64).order(ByteOrder.BIG_ENDIAN), "BIG_ENDIAN");
    refused(ByteBuffer.allocateDirect(12).order(ByteOrder.nativeOrder()), "12 bytes");
    refused(good.slice(1, 40).order(ByteOrder.nativeOrder()), "not aligned to 4");
  }

  @Test
  void refuses_shapes_that_are_empty_or_too_large() {
    assertThatThrownBy(() -> Tensor.allocate(ElementType.FLOAT32, 2, 0))
        .hasMessageContaining("sizes of 1 or more");
    assertThatThrownBy(() -> Tensor.allocate(ElementType.INT64, 1 << 20, 1 << 20))
        .hasMessageContaining("above 2 GiB");
    assertThatThrownBy(() -> Tensor.allocate(ElementType.FLOAT32, new int[9]))
        .hasMessageContaining("allowed are 8");
  }

  @Test
  void ids_are_not_floats() {
    assertThatThrownBy(() -> Tensor.allocate(ElementType.INT32, 1).floats())
        .isInstanceOf(IllegalStateException.class);
  }

  private static void refused(ByteBuffer memory, String why) {
    assertThatThrownBy(() -> Tensor.wrap(memory, ElementType.FLOAT32, 2, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
  }
}

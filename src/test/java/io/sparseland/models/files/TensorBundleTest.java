// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.kernels.format.FormatException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class TensorBundleTest {

  private final ByteBuffer data = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);

  @Test
  void variables_are_found_by_keys_that_share_a_prefix() {
    Map<String, FileTensor> read = TensorBundle.read("tiny", ByteBuffer.wrap(index(2)), data);

    // Keys "a/bias" and "a/kernel": the second is stored as 2 shared bytes and "kernel".
    assertThat(read.keySet()).containsExactly("a/bias", "a/kernel");
    FileTensor kernel = Objects.requireNonNull(read.get("a/kernel"));
    assertThat(kernel.shape()).containsExactly(2L, 2L);
    assertThat(kernel.values().get().get(3)).isEqualTo(5f);
    assertThat(kernel.transposed().values().get().get(1)).isEqualTo(4f); // row 1, column 0
  }

  @Test
  void changed_data_is_refused_when_it_is_read() {
    Map<String, FileTensor> read = TensorBundle.read("tiny", ByteBuffer.wrap(index(2)), data);
    data.put(19, (byte) 1);

    assertThatThrownBy(() -> Objects.requireNonNull(read.get("a/kernel")).values().get())
        .isInstanceOf(FormatException.class)
        .hasMessageContainingAll("tiny", "checksum", "'a/kernel'");
  }

  @Test
  void a_variable_that_its_data_does_not_hold_is_refused() {
    byte[] index = index(3); // [2, 3] of four numbers

    assertThatThrownBy(() -> TensorBundle.read("tiny", ByteBuffer.wrap(index), data))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("variable 'a/kernel' of type 1, shape [2, 3], 16 bytes");
  }

  @Test
  void a_damaged_index_is_refused_or_tells_of_sound_variables() {
    byte[] good = index(2);
    Random random = new Random(1);
    int refused = 0;
    for (int i = 0; i < 2000; i++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      try {
        TensorBundle.read("tiny", ByteBuffer.wrap(bad), data)
            .values()
            .forEach(t -> assertThat(t.shape()).isNotNull());
      } catch (FormatException e) {
        assertThat(e).hasMessageContaining("tiny");
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(500);
  }

  private byte[] index(int columns) {
    for (int i = 0; i < 5; i++) {
      data.putFloat(4 * i, i + 1); // bias 1; kernel 2, 3, 4, 5
    }
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    entry(block, 0, "a/bias", variable(0, 4, 1));
    entry(block, 2, "kernel", variable(4, 16, 2, columns));
    byte[] entries = closed(block);
    ByteArrayOutputStream handles = new ByteArrayOutputStream();
    ByteArrayOutputStream handle = new ByteArrayOutputStream();
    varint(handle, 0);
    varint(handle, entries.length - 5);
    entry(handles, 0, "b", handle.toByteArray());
    byte[] top = closed(handles);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(entries);
    all.writeBytes(top);
    ByteArrayOutputStream footer = new ByteArrayOutputStream();
    varint(footer, 0);
    varint(footer, 0);
    varint(footer, entries.length);
    varint(footer, top.length - 5);
    ByteBuffer end = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
    end.put(footer.toByteArray()).putLong(40, 0xdb4775248b80fb57L);
    all.writeBytes(end.array());
    return all.toByteArray();
  }

  private byte[] variable(int offset, int size, int... shape) {
    ByteArrayOutputStream sizes = new ByteArrayOutputStream();
    for (int s : shape) {
      sizes.writeBytes(new byte[] {2 << 3 | 2, 2, 1 << 3, (byte) s});
    }
    CRC32C crc = new CRC32C();
    crc.update(data.slice(offset, size));
    int value = (int) crc.getValue();
    int masked = ((value >>> 15) | (value << 17)) + 0xa282ead8;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {1 << 3, 1, 2 << 3 | 2, (byte) sizes.size()});
    out.writeBytes(sizes.toByteArray());
    out.writeBytes(new byte[] {4 << 3, (byte) offset, 5 << 3, (byte) size, 6 << 3 | 5});
    out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(masked).array());
    return out.toByteArray();
  }

  private static void entry(ByteArrayOutputStream out, int shared, String rest, byte[] value) {
    varint(out, shared);
    varint(out, rest.length());
    varint(out, value.length);
    out.writeBytes(rest.getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(value);
  }

  /** One restart at 0, then type and checksum. */
  private static byte[] closed(ByteArrayOutputStream block) {
    block.writeBytes(new byte[] {0, 0, 0, 0, 1, 0, 0, 0});
    block.writeBytes(new byte[5]);
    return block.toByteArray();
  }

  private static void varint(ByteArrayOutputStream out, int value) {
    out.write(value); // below 128 here
    assertThat(value).isBetween(0, 127);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.Rotary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Llama2cFileTest {

  private static final int[] IDS = {1, 7, 3, 10, 3, 0};

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_model_computes_what_its_plain_twin_does(boolean tied) throws IOException {
    TinyDecoder tiny = tiny(tied);
    Path file = Files.write(folder.resolve("tiny.bin"), bytes(tiny));

    // The format fixes base 10000, so the twin does too.
    HuggingFaceFolderTest.assertClose(
        HuggingFaceFolderTest.logits(Llama2cFile.open(file, file).block(), IDS),
        tiny.twin().logits(IDS));
  }

  @Test
  void a_file_that_is_too_short_too_long_or_no_model_is_refused() throws IOException {
    byte[] good = bytes(tiny(true));
    byte[] odd = good.clone();
    odd[12] = 5; // heads: 24 / 5 is odd, and 5 are not shared by 2

    refused(Arrays.copyOf(good, good.length - 4), "the end of the file");
    refused(Arrays.copyOf(good, good.length + 4), "the end of the file");
    refused(Arrays.copyOf(good, 20), "20 bytes");
    refused(odd, "'decoder' has 5 query heads for 2");
    refused(new byte[100], "a header of llama2.c");
  }

  private void refused(byte[] bytes, String message) throws IOException {
    Path file = Files.write(folder.resolve("bad.bin"), bytes);

    assertThatThrownBy(() -> Llama2cFile.open(file, file))
        .isInstanceOf(FormatException.class)
        .hasMessageContainingAll("bad.bin", message);
  }

  private static TinyDecoder tiny(boolean tied) {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.NEIGHBOURS, tied);
    var sizes = tiny.sizes();
    var attention =
        new io.sparseland.models.Attention(4, 2, new Rotary(6, 10_000, Rotary.Pairs.NEIGHBOURS));
    return new TinyDecoder(
        new io.sparseland.models.Decoder(
            sizes.vocabulary(),
            sizes.context(),
            sizes.layers(),
            sizes.width(),
            sizes.hidden(),
            attention,
            sizes.epsilon(),
            tied),
        tiny.weights());
  }

  private static byte[] bytes(TinyDecoder tiny) {
    ByteBuffer out = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    boolean tied = tiny.sizes().tied();
    for (int header : new int[] {24, 10, 2, 4, 2, tied ? 11 : -11, 8}) {
      out.putInt(header);
    }
    put(out, tiny, "embedding.weight");
    for (String part :
        List.of("attentionNorm", "query", "key", "value", "output", "norm", "gate", "down", "up")) {
      put(out, tiny, "layer.0." + part + ".weight");
      put(out, tiny, "layer.1." + part + ".weight");
    }
    put(out, tiny, "norm.weight");
    for (int i = 0; i < 2 * 8 * 3; i++) {
      out.putFloat(99); // rotary tables are not read
    }
    if (!tied) {
      put(out, tiny, "head.weight");
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  private static void put(ByteBuffer out, TinyDecoder tiny, String name) {
    for (float value : tiny.weights().get(name)) {
      out.putFloat(value);
    }
  }
}

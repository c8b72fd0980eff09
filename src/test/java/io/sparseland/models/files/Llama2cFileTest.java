// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
    TinyDecoder tiny = TinyDecoder.llama2c(tied);
    Path file = Files.write(folder.resolve("tiny.bin"), TinyStories.model(tiny));

    HuggingFaceFolderTest.assertClose(
        HuggingFaceFolderTest.logits(Llama2cFile.open(file, file).block(), IDS),
        tiny.twin().logits(IDS));
  }

  @Test
  void a_file_that_is_too_short_too_long_or_no_model_is_refused() throws IOException {
    byte[] good = TinyStories.model(TinyDecoder.llama2c(true));
    byte[] odd = good.clone();
    odd[12] = 5; // heads: 24 / 5 is odd, and 5 are not shared by 2

    refused(Arrays.copyOf(good, good.length - 4), "the end of the file");
    refused(Arrays.copyOf(good, good.length + 4), "the end of the file");
    refused(Arrays.copyOf(good, 20), "20 bytes");
    refused(odd, "'decoder' has 5 query heads for 2");
    byte[] huge = good.clone();
    huge[11] = 0x7f; // 2 billion layers
    refused(huge, "bytes for Decoder");
    refused(new byte[100], "a header of llama2.c");
  }

  private void refused(byte[] bytes, String message) throws IOException {
    Path file = Files.write(folder.resolve("bad.bin"), bytes);

    assertThatThrownBy(() -> Llama2cFile.open(file, file))
        .isInstanceOf(FormatException.class)
        .hasMessageContainingAll("bad.bin", message);
  }
}

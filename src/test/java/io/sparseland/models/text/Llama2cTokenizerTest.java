// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.files.TinyStories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Llama2cTokenizerTest {

  /** Fixed pieces, then those of TinyStories; 259 is the space. */
  private static final int VOCABULARY = 259 + TinyStories.PIECES.size();

  @TempDir Path folder;

  @Test
  void the_pair_of_the_highest_score_is_merged_first() throws IOException {
    Tokenizer tokenizer = Llama2cTokenizer.open(write(TinyStories.tokenizer()), VOCABULARY);

    // " aba": ba (-1) comes before ab (-2) and " a" (-3); then " a" comes before a + ba (-4).
    assertThat(tokenizer.encode("aba")).containsExactly(264, 263);
    // " ab": ab (-2) before " a" (-3), and " ab" is no piece.
    assertThat(tokenizer.encode("ab")).containsExactly(259, 262);
    assertThat(tokenizer.encode("a")).containsExactly(264);
    assertThat(tokenizer.encode("")).isEmpty();
    assertThat(tokenizer.sentence("ab", 2)).containsExactly(1, 259);
  }

  @Test
  void a_character_without_a_piece_becomes_its_bytes_and_comes_back() throws IOException {
    Tokenizer tokenizer = Llama2cTokenizer.open(write(TinyStories.tokenizer()), VOCABULARY);

    int[] ids = tokenizer.encode("é\n");

    assertThat(ids).containsExactly(259, 3 + 0xc3, 3 + 0xa9, 3 + '\n'); // UTF-8 of é: c3 a9
    assertThat(tokenizer.decode(ids)).isEqualTo("é\n");
    assertThatThrownBy(() -> tokenizer.decode(new int[] {266}))
        .hasMessageContaining("a token is 266; the model's vocabulary has ids 0 to 265");
  }

  @Test
  void a_file_that_is_cut_or_longer_or_lies_about_a_length_is_refused() throws IOException {
    byte[] good = TinyStories.tokenizer();
    byte[] lying = good.clone();
    lying[8] = 99; // length of the first piece

    refused(Arrays.copyOf(good, good.length - 1), "piece 265");
    refused(Arrays.copyOf(good, good.length + 1), "1 bytes more");
    refused(lying, "length 99 of piece 0");
    refused(new byte[3], "3 bytes");
  }

  private void refused(byte[] bytes, String message) throws IOException {
    Path file = write(bytes);

    assertThatThrownBy(() -> Llama2cTokenizer.open(file, VOCABULARY))
        .isInstanceOf(FormatException.class)
        .hasMessageContainingAll("tok.bin", message);
  }

  private Path write(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("tok.bin"), bytes);
  }
}

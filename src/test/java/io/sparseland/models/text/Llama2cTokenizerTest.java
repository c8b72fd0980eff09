// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Llama2cTokenizerTest {

  /** Pieces behind the 259 fixed ones, with scores: 259 is the space. */
  private static final List<String> PIECES = List.of(" ", "a", "b", "ab", "ba", " a", "aba");

  private static final float[] SCORES = {-9, -9, -9, -2, -1, -3, -4};

  @TempDir Path folder;

  @Test
  void the_pair_of_the_highest_score_is_merged_first() throws IOException {
    Tokenizer tokenizer = Llama2cTokenizer.open(write(bytes()), 259 + PIECES.size());

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
    Tokenizer tokenizer = Llama2cTokenizer.open(write(bytes()), 259 + PIECES.size());

    int[] ids = tokenizer.encode("é\n");

    assertThat(ids).containsExactly(259, 3 + 0xc3, 3 + 0xa9, 3 + '\n'); // UTF-8 of é: c3 a9
    assertThat(tokenizer.decode(ids)).isEqualTo("é\n");
    assertThatThrownBy(() -> tokenizer.decode(new int[] {266}))
        .hasMessageContaining("a token is 266; the model's vocabulary has ids 0 to 265");
  }

  @Test
  void a_file_that_is_cut_or_longer_or_lies_about_a_length_is_refused() throws IOException {
    byte[] good = bytes();
    byte[] lying = good.clone();
    lying[8] = 99; // length of the first piece

    refused(Arrays.copyOf(good, good.length - 1), "piece 265");
    refused(Arrays.copyOf(good, good.length + 1), "1 bytes more");
    refused(lying, "length 99 of piece 0");
    refused(new byte[3], "3 bytes");
  }

  private void refused(byte[] bytes, String message) throws IOException {
    Path file = write(bytes);

    assertThatThrownBy(() -> Llama2cTokenizer.open(file, 259 + PIECES.size()))
        .isInstanceOf(FormatException.class)
        .hasMessageContainingAll("tok.bin", message);
  }

  private Path write(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("tok.bin"), bytes);
  }

  private static byte[] bytes() {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 259; i++) {
      all.add("<" + i + ">");
    }
    all.addAll(PIECES);
    ByteBuffer out = ByteBuffer.allocate(1 << 13).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(8);
    for (int i = 0; i < all.size(); i++) {
      byte[] piece = all.get(i).getBytes(StandardCharsets.UTF_8);
      out.putFloat(i < 259 ? 0 : SCORES[i - 259]).putInt(piece.length).put(piece);
    }
    return Arrays.copyOf(out.array(), out.position());
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.kernels.format.FormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IdxTest {

  @TempDir Path folder;

  @Test
  void a_plain_and_a_zipped_file_read_the_same() throws IOException {
    byte[] bytes = IdxSamples.bytes(List.of(2, 1, 2), 5, 6, 7, 8);
    Path plain = Files.write(folder.resolve("plain"), bytes);
    Path zipped = folder.resolve("zipped");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      out.write(bytes);
    }

    assertThat(IdxFile.read(plain).dimensions()).containsExactly(2, 1, 2);
    assertThat(IdxFile.read(plain)).isEqualTo(IdxFile.read(zipped));
    assertThat(IdxFile.header(zipped).count()).isEqualTo(2);
  }

  @ParameterizedTest(name = "{index}: {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          00000d03 00000001 00000001 00000001 00 | at byte 0: found the bytes 00 00 0d 03
          00000800 00                            | at byte 0: found the bytes 00 00 08 00
          504b0304 00000001                      | at byte 0: found the bytes 50 4b 03 04
          0000                                   | at byte 0: found the bytes 00 00; allowed
          ``                                     | found the bytes (none)
          00000801 0000                          | found the end of the file; allowed: a whole
          00000801 00000003 0102                 | at byte 10: found the end of the data; allowed: 3 bytes
          00000801 00000000                      | at byte 4: found dimension 0
          00000801 ffffffff                      | at byte 4: found dimension 4294967295
          00000803 7fffffff 7fffffff 7fffffff 00 | no more data than the file holds
          00000801 00000002 010203               | at byte 10: found more data
          """)
  void what_is_not_a_whole_idx_file_is_refused_with_its_place(String hex, String message)
      throws IOException {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    Path file = Files.write(folder.resolve("bad"), bytes);

    assertThatThrownBy(() -> IdxFile.read(file))
        .isInstanceOf(FormatException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void a_truncated_zip_is_refused() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(IdxSamples.bytes(List.of(3), 1, 2, 3));
    }
    byte[] whole = bytes.toByteArray();
    for (int length : new int[] {3, 12, 20, whole.length - 9}) {
      Path file = Files.write(folder.resolve("cut"), Arrays.copyOf(whole, length));

      assertThatThrownBy(() -> IdxFile.read(file)).isInstanceOf(FormatException.class);
    }
  }

  @Test
  void a_small_zip_that_claims_much_is_refused_before_memory_is_taken() throws IOException {
    Path file = folder.resolve("bomb");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(ByteBuffer.allocate(8).putInt(0x801).putInt(2_000_000_000).array());
    }

    assertThatThrownBy(() -> IdxFile.read(file)).hasMessageContaining("dimensions [2000000000]");
  }

  @Test
  void images_and_labels_must_be_equally_many_and_in_their_places() throws IOException {
    Path images = Files.write(folder.resolve("i"), IdxSamples.bytes(List.of(2, 1, 2), 5, 6, 7, 8));
    Path labels = Files.write(folder.resolve("l"), IdxSamples.bytes(List.of(3), 0, 1, 2));

    assertThatThrownBy(() -> IdxImages.read(images, labels))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("found 3 labels; allowed: 2, the number of images in " + images);
    assertThatThrownBy(() -> IdxImages.read(labels, labels)).hasMessageContaining("labels?");
    assertThatThrownBy(() -> IdxImages.read(images, images)).hasMessageContaining("images?");
  }

  @Test
  void without_test_files_the_last_tenth_is_held_out() throws IOException {
    IdxSamples.write(folder, "train", 20, 1);
    DataFolders folders = new DataFolders(Optional.of(folder), List.of(), false);
    Idx idx = new Idx("train-images", "train-labels", Optional.empty(), Optional.empty(), 4);

    assertThat(idx.facts(folders).example()).containsExactly(1, 6, 6);
    assertThat(idx.facts(folders).train()).isEqualTo(18);
    LabelledData data = idx.open(folders);

    assertThat(data.train().item().getShape()).containsExactly(1, 6, 6);
    assertThat(data.train().size()).isEqualTo(18);
    assertThat(data.test().size()).isEqualTo(2);
    assertThat(data.note()).hasValueSatisfying(n -> assertThat(n).contains("last 2 of 20"));
  }

  @Test
  void a_missing_file_is_named_with_the_folders_that_were_searched() {
    DataFolders folders = new DataFolders(Optional.of(folder), List.of(), false);

    assertThatThrownBy(() -> folders.find("nowhere.gz"))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("nowhere.gz in " + folder);
  }

  @Test
  void the_shipped_digits_are_found_and_whole() throws IOException {
    Path data = Path.of(System.getProperty("sparseland.root"), "examples", "data");
    DataFolders folders = new DataFolders(Optional.empty(), List.of(data), false);
    LabelledData digits = new Mnist(64).open(folders);

    assertThat(digits.train().item().getShape()).containsExactly(1, 28, 28);
    assertThat(digits.train().size()).isEqualTo(60_000);
    assertThat(digits.test().size()).isEqualTo(10_000);
    assertThat(digits.train().label(0)).isEqualTo(5); // the first training image is a five
  }

  @Test
  void the_folder_of_one_set_is_not_taken_for_another() {
    Path data = Path.of(System.getProperty("sparseland.root"), "examples", "data");
    DataFolders folders = new DataFolders(Optional.empty(), List.of(data), false);
    assertThatThrownBy(() -> new FashionMnist(64, Optional.empty()).open(folders))
        .hasMessageContaining("fashion-mnist")
        .hasMessageContaining("--allow-download");
  }
}

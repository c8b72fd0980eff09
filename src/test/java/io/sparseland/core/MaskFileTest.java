// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.format.AtomicFiles;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.SafeTensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskFileTest {

  private static final String ONE =
      "[{\"layer\":\"w\",\"geometry\":[1,4,4,1,1,1],\"pattern\":\"2:4\"}]";

  @TempDir Path folder;

  @Test
  void masks_of_every_pattern_are_read_back_in_their_order() {
    Random random = new Random(3);
    Geometry convolution = Geometry.convolution(new Shape(8, 4, 3, 3), 2);
    Map<String, Mask> masks = new LinkedHashMap<>();
    for (String text : List.of("unstructured", "2:4", "1:3+dense", "4x2", "row", "channel")) {
      Pattern pattern = Pattern.parse(text);
      for (Geometry g : List.of(Geometry.linear(12, 20), convolution)) {
        Mask mask =
            pattern.selectKept(Fixtures.tied(random, g.size()), g, g.size() / 2, Scope.LAYER);
        masks.put("layer." + text + "." + g.kernelH(), mask);
      }
    }
    masks.put("dense", Mask.all(Geometry.linear(7, 11)));
    Masks all = new Masks(masks);

    all.save(folder.resolve("masks.safetensors"));
    Masks read = Masks.load(folder.resolve("masks.safetensors"));

    assertThat(read).isEqualTo(all);
    assertThat(read.byLayer().keySet()).containsExactlyElementsOf(masks.keySet());
    assertThat(read.hash()).isEqualTo(all.hash());
  }

  @Test
  void no_masks_are_read_back_as_none() {
    new Masks(Map.of()).save(folder.resolve("none"));

    assertThat(Masks.load(folder.resolve("none"))).isEqualTo(new Masks(Map.of()));
  }

  @Test
  void a_failed_write_leaves_the_old_file() {
    Path file = folder.resolve("masks");
    Masks old = new Masks(Map.of("w", Mask.all(Geometry.linear(2, 2))));
    old.save(file);

    assertThatThrownBy(
            () ->
                AtomicFiles.intercept(
                    (step, path) -> {
                      if (step == AtomicFiles.Step.WRITE) {
                        throw new IOException("disk full");
                      }
                    },
                    () -> new Masks(Map.of()).save(file)))
        .isInstanceOf(UncheckedIOException.class);
    assertThat(Masks.load(file)).isEqualTo(old);
    assertThat(folder.toFile().list()).containsExactly("masks");
  }

  @Test
  void a_truncated_file_is_refused_with_its_name() throws IOException {
    Path file = folder.resolve("masks");
    new Masks(Map.of("w", Mask.all(Geometry.linear(50, 50)))).save(file);
    byte[] bytes = Files.readAllBytes(file);

    for (int length : new int[] {0, 7, 8, 40, bytes.length - 1}) {
      Files.write(file, java.util.Arrays.copyOf(bytes, length));
      assertThatThrownBy(() -> Masks.load(file))
          .isInstanceOf(FormatException.class)
          .hasMessageContaining(file.toString());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sparseland-masks | 2 | [] | version is '2'",
        "other | 1 | [] | format is 'other'",
        "sparseland-masks | 1 | [ | metadata 'masks'",
        "sparseland-masks | 1 | {} | metadata 'masks' has START_OBJECT",
        "sparseland-masks | 1 | [] | found 1 tensors; allowed: 0",
        "sparseland-masks | 1 | [{\"layer\":\"w\",\"extra\":1}] | key of a mask is 'extra'",
        "sparseland-masks | 1 | [{\"layer\":\"w\",\"geometry\":[1,4]}] | END_ARRAY",
        "sparseland-masks | 1 | [{\"layer\":\"w\",\"geometry\":[1,4,4,1,1,99999999999],\"pattern\":\"2:4\"}] | metadata 'masks'",
        "sparseland-masks | 1 | [{\"layer\":\"w\",\"geometry\":[1,4,5,1,1,1],\"pattern\":\"2:4\"}] | mask of layer 'w'",
        "sparseland-masks | 1 | [{\"layer\":\"w\",\"geometry\":[1,4,4,1,1,1],\"pattern\":\"4:2\"}] | pattern keeps 4 of 2",
        "sparseland-masks | 1 | [{\"layer\":\"v\",\"geometry\":[1,4,4,1,1,1],\"pattern\":\"2:4\"}] | no tensor 'v.mask'",
        "sparseland-masks | 1 | [{\"layer\":\"w\",\"geometry\":[1,400,400,1,1,1],\"pattern\":\"2:4\"}] | allowed: 56 bytes U8",
        "sparseland-masks | 1 | [{\"layer\":\"w\",\"geometry\":[1,4,4,1,1,1],\"pattern\":\"1:4\"}] | pattern 1:4 wants 1"
      })
  void a_wrong_header_is_refused(String format, String version, String masks, String message) {
    Path file = write(format, version, masks, 0b0110);

    assertThatThrownBy(() -> Masks.load(file))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void a_bit_beyond_the_last_weight_is_refused() {
    Path file = write("sparseland-masks", "1", ONE, 0b10110);

    assertThatThrownBy(() -> Masks.load(file))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("beyond the last weight (3)");
  }

  @Test
  void the_bytes_on_disk_are_bits_lowest_first() throws IOException {
    Path file = folder.resolve("masks");
    Geometry g = Geometry.linear(1, 12);
    new Masks(Map.of("w", Mask.of(g, Pattern.unstructured(), new long[] {0b1000_0000_0110})))
        .save(file);

    try (SafeTensors tensors = SafeTensors.open(file)) {
      var bytes = tensors.bytes("w.mask");
      assertThat(bytes.remaining()).isEqualTo(8);
      assertThat(bytes.get(0)).isEqualTo((byte) 0b0110);
      assertThat(bytes.get(1)).isEqualTo((byte) 0b1000);
    }
  }

  private Path write(String format, String version, String masks, long bits) {
    Path file = folder.resolve("given");
    SafeTensors.write(
        file,
        List.of(SafeTensors.Entry.bits("w.mask", LongBuffer.wrap(new long[] {bits}))),
        Map.of("format", format, "version", version, "masks", masks));
    return file;
  }
}

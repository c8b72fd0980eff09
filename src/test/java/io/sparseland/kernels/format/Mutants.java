// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Damaged copies of a good model: each must be refused with a FormatException or load equal. */
final class Mutants {

  private final Path model;
  private final ModelContent good;
  private int refused;

  Mutants(Path model, ModelContent good) {
    this.model = model;
    this.good = good;
  }

  /** Loads the model with one file replaced by these bytes, then puts the file back. */
  void check(String file, byte[] bytes) throws IOException {
    Path path = model.resolve(file);
    Path saved = model.resolveSibling("saved-" + file);
    Files.move(path, saved);
    Files.write(path, bytes);
    try {
      assertThat(ModelDirectory.read(model)).isEqualTo(good);
    } catch (FormatException e) {
      assertThat(e).hasMessageContaining(file.substring(0, 5)).hasMessageContaining("allowed: ");
      refused++;
    } finally {
      Files.delete(path);
      Files.move(saved, path);
    }
  }

  int refused() {
    return refused;
  }

  static byte[] flip(byte[] bytes, int index, int bits) {
    byte[] copy = bytes.clone();
    copy[index] ^= (byte) bits;
    return copy;
  }

  /** One to three edits: flips, overwritten, cut out, doubled or random runs. */
  static byte[] random(byte[] bytes, Random random) {
    byte[] result = bytes;
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      int at = random.nextInt(Math.max(1, result.length));
      int run = Math.min(1 + random.nextInt(16), result.length - at);
      result =
          switch (random.nextInt(5)) {
            case 0 -> flip(result, at, 1 << random.nextInt(8));
            case 1 -> splice(result, at, at + run, new byte[0]);
            case 2 -> splice(result, at, at, Arrays.copyOfRange(result, at, at + run));
            case 3 ->
                splice(result, at, at + 1, new byte[] {(byte) "09[]{}\",:-".charAt(run % 10)});
            default -> {
              byte[] noise = new byte[run];
              random.nextBytes(noise);
              yield splice(result, at, at + run, noise);
            }
          };
    }
    return result;
  }

  private static byte[] splice(byte[] bytes, int begin, int end, byte[] middle) {
    byte[] result = new byte[bytes.length - (end - begin) + middle.length];
    System.arraycopy(bytes, 0, result, 0, begin);
    System.arraycopy(middle, 0, result, begin, middle.length);
    System.arraycopy(bytes, end, result, begin + middle.length, bytes.length - end);
    return result;
  }
}

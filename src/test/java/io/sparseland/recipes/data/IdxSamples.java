// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Small idx files for tests. */
public final class IdxSamples {

  private IdxSamples() {}

  /** A whole idx file. */
  public static byte[] bytes(List<Integer> dimensions, int... data) {
    ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * dimensions.size() + data.length);
    bytes.putInt(0x800 + dimensions.size());
    dimensions.forEach(bytes::putInt);
    for (int b : data) {
      bytes.put((byte) b);
    }
    return bytes.array();
  }

  /**
   * Writes {@code <name>-images} of 6x6 and {@code <name>-labels}: class c has its row c bright, so
   * that a few steps of training learn it.
   */
  public static void write(Path folder, String name, int count, int seed) throws IOException {
    Random random = new Random(seed);
    int[] pixels = new int[count * 36];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = random.nextInt(6);
      for (int p = 0; p < 36; p++) {
        pixels[i * 36 + p] = random.nextInt(60) + (p / 6 == labels[i] ? 190 : 0);
      }
    }
    Files.write(folder.resolve(name + "-images"), bytes(List.of(count, 6, 6), pixels));
    Files.write(folder.resolve(name + "-labels"), bytes(List.of(count), labels));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/** The folder of real models and data that tests tagged {@code models} need. */
public final class RealModels {

  private RealModels() {}

  /** A file or folder of it; skips the test, saying why, where there is none. */
  public static Path find(String name) {
    Path folder =
        Optional.ofNullable(System.getenv("SPARSELAND_DATA"))
            .map(Path::of)
            .orElse(Path.of(System.getProperty("sparseland.root")).resolve("../shared/data"));
    Path found = folder.resolve(name);
    assumeTrue(Files.exists(found), "no " + found + "; name the folder by $SPARSELAND_DATA");
    return found;
  }

  /** A gzipped text. */
  public static String text(String name) {
    try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(find(name)))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Windows of {@code size + 1} tokens: each begins with the last token of the one before. */
  public static List<int[]> windows(int[] tokens, int size, int most) {
    List<int[]> windows = new ArrayList<>();
    for (int from = 0; from + size < tokens.length && windows.size() < most; from += size) {
      windows.add(Arrays.copyOfRange(tokens, from, from + size + 1));
    }
    return windows;
  }
}

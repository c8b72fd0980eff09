// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.format.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of a model directory that was just written. */
final class Written {

  private static final List<String> NEEDED = List.of(ModelDirectory.MODEL, ModelDirectory.WEIGHTS);

  private Written() {}

  /** Bytes of the files that are needed to run the model. */
  static long bytes(Path directory) {
    long sum = 0;
    for (String name : NEEDED) {
      try {
        sum += Files.size(directory.resolve(name));
      } catch (IOException e) {
        throw new UncheckedIOException(directory.resolve(name) + " cannot be read", e);
      }
    }
    return sum;
  }

  /** Removes the directory; it holds plain files only. */
  static void delete(Path directory) {
    try (var files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(directory + " could not be removed", e);
    }
  }
}

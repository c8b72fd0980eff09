// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The computer that figures were measured on. */
public final class Machine {

  private static final Path CPUS = Path.of("/proc/cpuinfo");

  private Machine() {}

  /** The CPU's name, or its architecture where that is not told. */
  public static String cpu() {
    if (!Files.isReadable(CPUS)) {
      return System.getProperty("os.arch");
    }
    try (Stream<String> lines = Files.lines(CPUS)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }

  /** Processors that Java may use. */
  public static int cores() {
    return Runtime.getRuntime().availableProcessors();
  }
}

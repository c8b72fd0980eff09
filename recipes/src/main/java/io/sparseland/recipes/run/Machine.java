// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The computer that figures were measured on. */
public final class Machine {

  private static final Path CPUS = Path.of("/proc/cpuinfo");
  private static final Path STATUS = Path.of("/proc/self/status");

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

  /** The most memory this process has held so far; null where the system does not tell. */
  static @Nullable Long peakMemoryBytes() {
    if (!Files.isReadable(STATUS)) {
      return null;
    }
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }

  /** Processors that Java may use. */
  public static int cores() {
    return Runtime.getRuntime().availableProcessors();
  }
}

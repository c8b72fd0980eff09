// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Starts the command line again, in a process of its own with this process's Java options. */
public final class RunProcess {

  private static final String ERROR = "error: ";
  private static final long LOOK_MILLIS = 200; // how often an interruption is looked for

  private final List<String> command;
  private final List<String> last;

  private RunProcess(List<String> command, List<String> last) {
    this.command = command;
    this.last = last;
  }

  /**
   * How a process ended.
   *
   * @param message its first line of error, or else the last it wrote
   */
  record Ended(int exit, String message) {}

  /**
   * Processes of a main class.
   *
   * @param last arguments that every process is given after its own
   */
  public static RunProcess of(Class<?> main, List<String> last) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-Dsparseland.terminal"))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    return new RunProcess(List.copyOf(command), List.copyOf(last));
  }

  /** Runs to the end; on {@code stop} the process is asked to end, and cleans up. */
  Ended run(List<String> arguments, BooleanSupplier stop) throws IOException {
    List<String> all = new ArrayList<>(command);
    all.addAll(arguments);
    all.addAll(last);
    Path messages = Files.createTempFile("sparseland-sweep", ".err");
    Process process =
        new ProcessBuilder(all)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(messages.toFile())
            .start();
    try {
      while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        if (stop.getAsBoolean()) {
          process.destroy();
        }
      }
      return new Ended(process.exitValue(), message(Files.readString(messages)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } finally {
      process.destroy();
      Files.deleteIfExists(messages);
    }
  }

  private static String message(String said) {
    List<String> lines = said.lines().filter(line -> !line.isBlank()).toList();
    return lines.stream()
        .filter(line -> line.startsWith(ERROR))
        .findFirst()
        .map(line -> line.substring(ERROR.length()))
        .orElse(lines.isEmpty() ? "no message" : lines.get(lines.size() - 1));
  }
}

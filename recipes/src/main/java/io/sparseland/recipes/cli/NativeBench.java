// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sparseland.recipes.Failure;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The native benchmark in the sources of this checkout: built when needed, then run. */
final class NativeBench {

  private final Path kernels;
  private final Console console;

  private NativeBench(Path kernels, Console console) {
    this.kernels = kernels;
    this.console = console;
  }

  /** That of the checkout whose launcher started this process. */
  static NativeBench in(Console console) {
    Path kernels = Path.of(System.getProperty("sparseland.home", ""), "kernels");
    if (!Files.isDirectory(kernels.resolve("src/bench"))) {
      throw new Failure(
          Failure.USAGE, "the benchmark is built from the sources: run ./sparseland in a checkout");
    }
    return new NativeBench(kernels, console);
  }

  /** Builds and runs it; its results go to standard output, all else to standard error. */
  int run(List<String> arguments) throws IOException {
    // Maven's own build of the kernels, so that only the benchmark is left to compile.
    Path build = kernels.resolve("target/cmake");
    String sources = kernels.resolve("src/main/native").toString();
    build("cmake", "-S", sources, "-B", build.toString(), "-DSL_BENCH=ON");
    build("cmake", "--build", build.toString(), "--target", "sparseland_bench", "--parallel", "2");
    List<String> command = new ArrayList<>();
    command.add(build.resolve("sparseland_bench").toString());
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).start();
    CompletableFuture<String> results = CompletableFuture.supplyAsync(() -> text(process));
    try (BufferedReader messages = process.errorReader(UTF_8)) {
      for (String line = messages.readLine(); line != null; line = messages.readLine()) {
        tell(line);
      }
    }
    String text = results.join();
    if (!text.isEmpty()) {
      console.result(text.stripTrailing());
    }
    return exit(process);
  }

  private void build(String... command) throws IOException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new Failure(Failure.USAGE, "no CMake found; on Debian: apt-get install g++ cmake", e);
    }
    StringBuilder log = new StringBuilder();
    try (BufferedReader lines = process.inputReader(UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        log.append(line).append('\n');
        if (console.verbose()) {
          console.err().println(line);
        }
      }
    }
    if (exit(process) != 0) {
      throw new Failure(Failure.RESOURCES, "the benchmark does not build:\n" + log);
    }
  }

  /** Errors always, progress unless quiet. */
  private void tell(String line) {
    if (line.startsWith("error: ")) {
      console.err().println(line);
    } else {
      console.message(line);
    }
  }

  private static String text(Process process) {
    try {
      return new String(process.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int exit(Process process) {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new Failure(Failure.INTERRUPTED, "interrupted", e);
    }
  }
}

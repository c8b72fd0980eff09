// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The native library with the fast kernels: loaded at first use, once. It comes from {@code
 * -Dsparseland.native=PATH}, or from the class path: its SHA-256 is compared with the one written
 * by the build, it is copied to a directory that only this user can open, loaded and deleted at
 * once. {@code -Dsparseland.native=off} loads nothing. A library that cannot be loaded is never
 * silent: {@link #status()} says why, and a warning is logged.
 */
public final class NativeLibrary {

  private static final Logger LOGGER = LoggerFactory.getLogger(NativeLibrary.class);
  private static final String PROPERTY = "sparseland.native";
  private static final String FILE = "libsparseland.so";
  private static final int LEVELS = 3;

  private static final State STATE = load();

  private NativeLibrary() {}

  private record State(List<NativeKernels> kernels, String status) {}

  /** One line for people: what was loaded, or why nothing was. */
  public static String status() {
    return STATE.status();
  }

  /** Whether the native library is in use. */
  public static boolean loaded() {
    return !STATE.kernels().isEmpty();
  }

  /** Levels of the loaded library that this CPU can run, fastest first; empty without a library. */
  static List<NativeKernels> kernels() {
    return STATE.kernels();
  }

  private static State load() {
    String wanted = System.getProperty(PROPERTY, "");
    if (wanted.equals("off")) {
      return new State(
          List.of(),
          "native kernels: off (-D" + PROPERTY + "=off); " + RowSums.best().name() + " instead");
    }
    String source = wanted.isEmpty() ? resource() : wanted;
    try {
      if (wanted.isEmpty()) {
        loadResource(source);
      } else {
        System.load(Path.of(wanted).toAbsolutePath().toString());
      }
      return loaded(source);
    } catch (IOException | UnsatisfiedLinkError | SecurityException e) {
      String status =
          "native kernels: not loaded, Java kernels are used (%s): %s"
              .formatted(RowSums.best().name(), e.getMessage());
      LOGGER.warn("{}", status);
      return new State(List.of(), status);
    }
  }

  private static State loaded(String source) {
    List<NativeKernels> kernels = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int level = 0; level < LEVELS; level++) {
      if (NativeCalls.available(level)) {
        names.add(NativeCalls.levelName(level));
        kernels.add(new NativeKernels(level, NativeCalls.levelName(level)));
      }
    }
    String status = "native kernels: " + String.join(", ", names) + " from " + source;
    LOGGER.debug("{}", status);
    return new State(List.copyOf(kernels), status);
  }

  private static String resource() {
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String cpu = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    return "/native/" + os + "-" + (cpu.equals("amd64") ? "x86_64" : cpu) + "/" + FILE;
  }

  private static void loadResource(String resource) throws IOException {
    byte[] library = read(resource);
    String expected = new String(read(resource + ".sha256"), StandardCharsets.US_ASCII).strip();
    String found = sha256(library);
    if (!found.equals(expected)) {
      throw new IOException(resource + " has SHA-256 " + found + ", the build wrote " + expected);
    }
    Path directory = Files.createTempDirectory("sparseland-"); // mode 700
    Path file = directory.resolve(FILE);
    try {
      Files.write(file, library);
      System.load(file.toString());
    } finally { // the mapping lives on
      Files.deleteIfExists(file);
      Files.deleteIfExists(directory);
    }
  }

  private static byte[] read(String resource) throws IOException {
    try (InputStream in = NativeLibrary.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException(
            "there is no " + resource + " on the class path (built without a C++ compiler?)");
      }
      return in.readAllBytes();
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.kernels.format.FormatException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Files inside a Maven artifact's jar, {@code jar:group:artifact:version}: of the class path, else
 * of the local Maven repository. Nothing is downloaded.
 */
final class JarEntry {

  private static final String PREFIX = "jar:";

  private final String jar;
  private final ClassLoader classes;

  JarEntry(String jar, ClassLoader classes) {
    if (!jar.matches("jar:[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+){2}") || jar.contains("..")) {
      throw new IllegalArgumentException(
          "'" + jar + "' is no jar:group:artifact:version of a Maven artifact");
    }
    this.jar = jar;
    this.classes = classes;
  }

  /** What is done with an entry's bytes. */
  @FunctionalInterface
  interface Use<T> {
    T of(InputStream in) throws IOException;
  }

  /** That an entry is there; nothing of it is read. */
  void check(String entry) throws IOException {
    with(entry, in -> entry);
  }

  /** The bytes of an entry. */
  byte[] read(String entry) throws IOException {
    return with(entry, InputStream::readAllBytes);
  }

  /** Streams an entry. */
  <T> T with(String entry, Use<T> use) throws IOException {
    try (InputStream found = classes.getResourceAsStream(entry)) {
      if (found != null) {
        return use.of(found);
      }
    }
    String[] parts = jar.substring(PREFIX.length()).split(":", -1);
    Path file =
        repository()
            .resolve(parts[0].replace('.', '/'))
            .resolve(parts[1])
            .resolve(parts[2])
            .resolve(parts[1] + "-" + parts[2] + ".jar");
    if (!Files.isRegularFile(file)) {
      throw new FileNotFoundException(
          "%s, and nothing of it on the class path; get it by: mvn dependency:get -Dartifact=%s -Dtransitive=false"
              .formatted(file, jar.substring(PREFIX.length())));
    }
    try (ZipFile zip = new ZipFile(file.toFile())) {
      ZipEntry found = zip.getEntry(entry);
      if (found == null) {
        throw new FormatException(
            file.toString(), FormatException.NOWHERE, "no entry '" + entry + "'", "one");
      }
      try (InputStream in = zip.getInputStream(found)) {
        return use.of(in);
      }
    } catch (ZipException | EOFException e) {
      throw new FormatException(
          file.toString(), FormatException.NOWHERE, String.valueOf(e.getMessage()), "a jar", e);
    }
  }

  private static Path repository() {
    return Optional.ofNullable(System.getProperty("maven.repo.local"))
        .map(Path::of)
        .orElseGet(() -> Path.of(System.getProperty("user.home"), ".m2", "repository"));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import io.sparseland.kernels.format.AtomicFiles;
import io.sparseland.recipes.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;

/**
 * The run directory: filled under a temporary name beside it, moved to its name when the run has
 * ended, so that it is whole or not there.
 *
 * <p>An earlier run of the same recipe is replaced (at the end, in one move); anything else that is
 * in the way is refused before the run begins, unless forced, and only ever another run directory.
 */
public final class RunFolder implements AutoCloseable {

  /** The resolved recipe with its digests; marks a folder as a run directory. */
  public static final String LOCK = "recipe.lock";

  private final Path target;
  private final Path staging;

  private RunFolder(Path target, Path staging) {
    this.target = target;
    this.staging = staging;
  }

  /**
   * Makes the temporary folder.
   *
   * @param recipeHash of the recipe that will run
   * @param force whether another recipe's run directory may be replaced
   * @throws Failure if something else is there (usage), or nothing can be written there (resources)
   */
  public static RunFolder prepare(Path target, String recipeHash, boolean force) {
    try {
      refuseOthers(target, recipeHash, force);
      Path parent = parent(target);
      Files.createDirectories(parent);
      Path staging = parent.resolve(".tmp-" + UUID.randomUUID());
      Files.createDirectory(staging);
      return new RunFolder(target, staging);
    } catch (IOException e) {
      throw new Failure(
          Failure.RESOURCES,
          "cannot write the run directory '%s': %s; choose another with --out"
              .formatted(target, reason(e)),
          e);
    }
  }

  /** Where files are written now. */
  public Path staging() {
    return staging;
  }

  /** Where they will be. */
  public Path target() {
    return target;
  }

  /** Writes a text file. */
  public void write(String name, String text) {
    write(name, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a file. */
  public void write(String name, byte[] content) {
    AtomicFiles.write(staging.resolve(name), content);
  }

  /** Moves everything to its name, in place of an earlier run. */
  public void commit() {
    try {
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        Path old = staging.resolveSibling(staging.getFileName() + ".old");
        Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
        delete(old);
      } else {
        Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw new Failure(Failure.RESOURCES, "cannot write '%s': %s".formatted(target, reason(e)), e);
    }
  }

  /** Removes what was not committed. */
  @Override
  public void close() {
    try {
      delete(staging);
    } catch (IOException e) {
      throw new Failure(
          Failure.RESOURCES, "cannot remove '%s': %s".formatted(staging, reason(e)), e);
    }
  }

  private static void refuseOthers(Path target, String recipeHash, boolean force)
      throws IOException {
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.isDirectory(target)) {
      throw new Failure(
          Failure.RESOURCES, "'" + target + "' is a file; choose another folder with --out");
    }
    Path lock = target.resolve(LOCK);
    if (Files.isRegularFile(lock)) {
      boolean same = Files.readString(lock).contains("\"recipe_hash\" : \"" + recipeHash + "\"");
      if (!same && !force) {
        throw new Failure(
            Failure.USAGE,
            "'%s' holds the run of another recipe (or of other --set values); choose another folder"
                    .formatted(target)
                + " with --out, or replace it with --force");
      }
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(target)) {
      if (files.iterator().hasNext()) {
        throw new Failure(
            Failure.USAGE,
            "'%s' is not empty and no run directory; choose another with --out".formatted(target));
      }
    }
  }

  private static Path parent(Path target) {
    Path parent = target.toAbsolutePath().normalize().getParent();
    if (parent == null) {
      throw new Failure(Failure.USAGE, "'" + target + "' cannot be a run directory");
    }
    return parent;
  }

  private static String reason(IOException e) {
    return e.getClass().getSimpleName().replace("Exception", "") + " " + e.getMessage();
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(
              Path visited, @org.jspecify.annotations.Nullable IOException e) throws IOException {
            if (e != null) {
              throw e;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}

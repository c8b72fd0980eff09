// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import java.io.BufferedOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * The only writers of files: what is written is there whole or not at all, after a crash too.
 *
 * <p>Content goes to a temporary name ({@code .tmp-<random>}) beside the target, is forced to the
 * disk, moved in one step over the target, and the parent folder is forced. A failure removes the
 * temporary file and leaves what was there before. Missing parent folders are created. Failures are
 * {@link UncheckedIOException}s that name the target.
 */
public final class AtomicFiles {

  private static final int BUFFER_BYTES = 1 << 16;
  private static final String TEMPORARY = ".tmp-";
  private static final boolean CAN_FORCE_FOLDERS = File.separatorChar == '/';
  private static final Hook NO_HOOK = (step, path) -> {};
  private static final ThreadLocal<Hook> HOOK = ThreadLocal.withInitial(() -> NO_HOOK);

  private AtomicFiles() {}

  /** Writes the content of one file. */
  @FunctionalInterface
  public interface Writer {
    /** Writes everything to the stream, which is buffered and closed by the caller. */
    void write(OutputStream out) throws IOException;
  }

  /** Writes the content of one folder. */
  @FunctionalInterface
  public interface FolderWriter {
    /** Writes the files of the folder. */
    void write(Folder folder) throws IOException;
  }

  /** One kind of operation on the disk. */
  public enum Step {
    /** Makes a folder. */
    CREATE_FOLDER,
    /** Makes an empty file. */
    CREATE,
    /** Appends bytes. */
    WRITE,
    /** Forces a file to the disk. */
    FORCE,
    /** Forces the names in a folder to the disk. */
    FORCE_FOLDER,
    /** Moves the temporary name over the target. */
    MOVE
  }

  /** Sees every operation before it happens; throws to make it fail. For tests. */
  @FunctionalInterface
  public interface Hook {
    /** Called before an operation on a path. */
    void before(Step step, Path path) throws IOException;
  }

  /** Runs an action of which the hook sees all operations made by the calling thread. For tests. */
  public static void intercept(Hook hook, Runnable action) {
    Hook outer = HOOK.get();
    HOOK.set(hook);
    try {
      action.run();
    } finally {
      HOOK.set(outer);
    }
  }

  /** Writes or replaces a file. */
  public static void write(Path target, byte[] content) {
    write(target, out -> out.write(content));
  }

  /** Writes or replaces a file. */
  public static void write(Path target, Writer writer) {
    run(
        target,
        (temporary, folder) -> {
          create(temporary, writer);
          step(Step.MOVE, target);
          Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
          forceFolder(folder);
        });
  }

  /**
   * Writes a folder of files; the target must not exist, or be an empty folder.
   *
   * @throws IllegalArgumentException if the target exists and is not an empty folder
   */
  public static void writeFolder(Path target, FolderWriter writer) {
    checkFree(target);
    run(
        target,
        (temporary, parent) -> {
          step(Step.CREATE_FOLDER, temporary);
          Files.createDirectory(temporary);
          writer.write(new Folder(temporary));
          forceFolder(temporary);
          step(Step.MOVE, target);
          Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
          forceFolder(parent);
        });
  }

  /** A folder that is being written; nobody sees it before it is complete. */
  public static final class Folder {
    private final Path path;

    private Folder(Path path) {
      this.path = path;
    }

    /** Writes a file of the folder. */
    public void file(String name, Writer writer) throws IOException {
      if (name.isEmpty()
          || name.startsWith(".")
          || !Path.of(name).equals(Path.of(name).getFileName())) {
        throw new IllegalArgumentException("file name '" + name + "'; allowed: a plain name");
      }
      create(path.resolve(name), writer);
    }

    /** Writes a file of the folder. */
    public void file(String name, byte[] content) throws IOException {
      file(name, out -> out.write(content));
    }
  }

  private interface Action {
    void run(Path temporary, Path folder) throws IOException;
  }

  private static void run(Path target, Action action) {
    Path folder = target.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IllegalArgumentException("cannot write '" + target + "': it is a root folder");
    }
    Path temporary = folder.resolve(TEMPORARY + UUID.randomUUID());
    try {
      createFolders(folder);
      try {
        action.run(temporary, folder);
      } catch (IOException | RuntimeException | Error e) {
        remove(temporary, e);
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          new IOException("cannot write '" + target + "': " + describe(e), e));
    }
  }

  private static void createFolders(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      step(Step.CREATE_FOLDER, folder);
      Files.createDirectories(folder);
    }
  }

  private static void create(Path path, Writer writer) throws IOException {
    step(Step.CREATE, path);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      OutputStream out = new BufferedOutputStream(new ChannelStream(channel, path), BUFFER_BYTES);
      writer.write(out);
      out.flush();
      step(Step.FORCE, path);
      channel.force(true);
    }
  }

  private static void forceFolder(Path folder) throws IOException {
    step(Step.FORCE_FOLDER, folder);
    if (CAN_FORCE_FOLDERS) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private static void checkFree(Path target) {
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    boolean empty = false;
    if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(target)) {
        empty = !entries.iterator().hasNext();
      } catch (IOException e) {
        throw new UncheckedIOException(
            new IOException("cannot look into '" + target + "': " + describe(e), e));
      }
    }
    if (!empty) {
      throw new IllegalArgumentException(
          "cannot write folder '"
              + target
              + "': it exists; allowed: a new name or an empty folder");
    }
  }

  private static void remove(Path temporary, Throwable cause) {
    try {
      if (Files.isDirectory(temporary, LinkOption.NOFOLLOW_LINKS)) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(temporary)) {
          for (Path entry : entries) {
            Files.delete(entry);
          }
        }
      }
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static String describe(IOException e) {
    if (e instanceof FileAlreadyExistsException || e instanceof NotDirectoryException) {
      return "'" + e.getMessage() + "' is not a folder";
    }
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  private static void step(Step step, Path path) throws IOException {
    HOOK.get().before(step, path);
  }

  /** Unbuffered; every write is a step. */
  private static final class ChannelStream extends OutputStream {
    private final FileChannel channel;
    private final Path path;

    ChannelStream(FileChannel channel, Path path) {
      this.channel = channel;
      this.path = path;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      step(Step.WRITE, path);
      ByteBuffer rest = ByteBuffer.wrap(bytes, offset, length);
      while (rest.hasRemaining()) {
        channel.write(rest);
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Opens a file for reading if it is a plain one: no link, pipe, device or folder. */
final class RegularFile {

  private RegularFile() {}

  /**
   * Opens any plain file.
   *
   * @throws FormatException if it is missing or not a plain file
   */
  static FileChannel open(Path path) throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      String found =
          !Files.exists(path, LinkOption.NOFOLLOW_LINKS)
              ? "no such file"
              : Files.isSymbolicLink(path)
                  ? "a symbolic link"
                  : Files.isDirectory(path) ? "a folder" : "a special file";
      throw new FormatException(path.toString(), FormatException.NOWHERE, found, "a regular file");
    }
    return FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  /** Opens a file of a model directory: a plain one with a single name. */
  static FileChannel openOwn(Path path) throws IOException {
    FileChannel channel = open(path);
    if (path.getFileSystem().supportedFileAttributeViews().contains("unix")
        && (Integer) Files.getAttribute(path, "unix:nlink", LinkOption.NOFOLLOW_LINKS) != 1) {
      channel.close();
      throw new FormatException(
          path.toString(), FormatException.NOWHERE, "a file with several hard links", "one name");
    }
    return channel;
  }

  /** Reads a whole file of a model directory of at most {@code limit} bytes. */
  static byte[] readOwn(Path path, int limit) {
    try (FileChannel channel = openOwn(path)) {
      long size = channel.size();
      if (size > limit) {
        throw new FormatException(
            path.toString(), FormatException.NOWHERE, size + " bytes", "at most " + limit);
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) size);
      while (bytes.hasRemaining()) {
        if (channel.read(bytes) < 0) {
          throw new FormatException(
              path.toString(), bytes.position(), "the end", size + " bytes, the size just told");
        }
      }
      return bytes.array();
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  static UncheckedIOException unreadable(Path path, IOException e) {
    return new UncheckedIOException(
        new IOException("cannot read '" + path + "': " + e.getMessage(), e));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.kernels.format.FormatException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * An idx file of unsigned bytes, plain or gzipped: two zero bytes, type 8, number of dimensions,
 * the dimensions as big-endian 32-bit numbers, the data in row-major order.
 *
 * <p>Every size is checked before memory is taken: a file cannot claim more than it holds (gzip
 * expands at most 1,032 times).
 *
 * @param dimensions for images {@code [n, height, width]} or {@code [n, channels, height, width]},
 *     for labels {@code [n]}
 * @param data the bytes, or none when only the header was asked for
 */
public record IdxFile(List<Integer> dimensions, ByteBuffer data) {

  private static final int UNSIGNED_BYTE = 8;
  private static final long GZIP_EXPANSION = 1032;

  /** Reads a file. Throws {@link FormatException} if it is not a whole idx file of bytes. */
  public static IdxFile read(Path file) throws IOException {
    return open(file, true);
  }

  /** Reads only the dimensions: a few bytes. */
  public static IdxFile header(Path file) throws IOException {
    return open(file, false);
  }

  /** How many examples. */
  public int count() {
    return dimensions.get(0);
  }

  private static IdxFile open(Path file, boolean whole) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file))) {
      raw.mark(2);
      boolean zipped = raw.read() == 0x1f && raw.read() == 0x8b;
      raw.reset();
      long limit = Math.multiplyExact(Files.size(file), zipped ? GZIP_EXPANSION : 1);
      return read(file.toString(), zipped ? new GZIPInputStream(raw) : raw, limit, whole);
    } catch (EOFException e) {
      throw new FormatException(
          file.toString(), Files.size(file), "the end of the file", "a whole idx file", e);
    } catch (ZipException e) {
      throw new FormatException(
          file.toString(), FormatException.NOWHERE, "damaged gzip data", "an idx file", e);
    }
  }

  private static IdxFile read(String name, InputStream in, long limit, boolean whole)
      throws IOException {
    byte[] magic = in.readNBytes(4);
    if (magic.length < 4
        || magic[0] != 0
        || magic[1] != 0
        || magic[2] != UNSIGNED_BYTE
        || magic[3] < 1
        || magic[3] > 4) {
      throw new FormatException(
          name, 0, "the bytes " + hex(magic), "an idx file of bytes: 00 00 08 and 01 to 04");
    }
    int[] sizes = new int[magic[3]];
    long size = 1;
    for (int i = 0; i < sizes.length; i++) {
      byte[] bytes = in.readNBytes(4);
      if (bytes.length < 4) {
        throw new EOFException();
      }
      sizes[i] = ByteBuffer.wrap(bytes).getInt();
      if (sizes[i] < 1) {
        throw new FormatException(
            name, 4 + 4L * i, "dimension " + Integer.toUnsignedString(sizes[i]), "1 to 2147483647");
      }
      size = size > limit ? size : size * sizes[i];
    }
    List<Integer> dimensions = Arrays.stream(sizes).boxed().toList();
    int header = 4 + 4 * sizes.length;
    if (size > Math.min(limit, Integer.MAX_VALUE - 16)) {
      throw new FormatException(
          name, 4, "dimensions " + dimensions, "no more data than the file holds");
    }
    if (!whole) {
      return new IdxFile(dimensions, ByteBuffer.allocate(0));
    }
    byte[] data = in.readNBytes((int) size);
    if (data.length < size) {
      throw new FormatException(
          name,
          header + (long) data.length,
          "the end of the data",
          size + " bytes for dimensions " + dimensions);
    }
    if (in.read() >= 0) {
      throw new FormatException(
          name, header + size, "more data", size + " bytes for dimensions " + dimensions);
    }
    return new IdxFile(dimensions, ByteBuffer.wrap(data).asReadOnlyBuffer());
  }

  private static String hex(byte[] bytes) {
    if (bytes.length == 0) {
      return "(none)";
    }
    return IntStream.range(0, bytes.length)
        .mapToObj(i -> String.format("%02x", bytes[i]))
        .collect(Collectors.joining(" "));
  }
}

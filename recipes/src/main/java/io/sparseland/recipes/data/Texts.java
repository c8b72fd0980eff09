// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.text.Tokenizer;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Files of text or bytes, and digests of tokens. */
final class Texts {

  private static final int CHARACTERS = 12; // per token at most, to take a window's worth of text
  private static final int GZIP = 0x8b1f; // first two bytes, little-endian

  private Texts() {}

  /** The UTF-8 text of a file, plain or gzipped. */
  static String read(Path file) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(file))).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException(
          file.toString(), FormatException.NOWHERE, "bytes that are no UTF-8", "UTF-8 text", e);
    }
  }

  /** The bytes of a file, unpacked where it is gzipped. */
  static byte[] bytes(Path file) throws IOException {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file))) {
      raw.mark(2);
      boolean zipped = raw.read() == 0x1f && raw.read() == 0x8b;
      raw.reset();
      return (zipped ? new GZIPInputStream(raw) : raw).readAllBytes();
    } catch (ZipException | EOFException e) {
      throw new FormatException(
          file.toString(), FormatException.NOWHERE, "damaged gzip data", "a whole file", e);
    }
  }

  /**
   * Windows taken evenly over a text, each from the beginning of a line.
   *
   * @param file the text
   * @param count how many
   * @param size tokens of each
   */
  record Windows(String file, int count, int size) {

    List<int[]> of(DataFolders folders, Tokenizer tokenizer) throws IOException {
      return of(read(folders.find(file)), tokenizer);
    }

    /** The same of a text that was read, or of a part of it. */
    List<int[]> of(String text, Tokenizer tokenizer) {
      List<int[]> windows = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int from = (int) ((long) text.length() * i / count);
        while (from > 0 && from < text.length() && text.charAt(from - 1) != '\n') {
          from++;
        }
        int to = Math.min(text.length(), from + CHARACTERS * size);
        int[] tokens = tokenizer.encode(text.substring(from, to));
        if (tokens.length < size) {
          throw new IllegalArgumentException(
              "window %d of %d has %d tokens only, it needs %d: take fewer windows of '%s'"
                  .formatted(i + 1, count, tokens.length, size, file));
        }
        windows.add(Arrays.copyOf(tokens, size));
      }
      return windows;
    }
  }

  /** Bytes of a file once unpacked, below 4 GiB, as the end of a gzip file tells. */
  static long size(Path file) throws IOException {
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      channel.read(bytes);
      boolean zipped = bytes.position() == Integer.BYTES && (bytes.getShort(0) & 0xffff) == GZIP;
      if (!zipped) {
        return channel.size();
      }
      channel.position(channel.size() - Integer.BYTES).read(bytes.clear());
      return bytes.getInt(0) & 0xffffffffL;
    }
  }

  /** {@code sha256:} and the digest of lengths and tokens, in order. */
  static String digest(List<List<int[]>> sets) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (List<int[]> set : sets) {
        for (int[] sequence : set) {
          ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (sequence.length + 1));
          bytes.putInt(sequence.length).asIntBuffer().put(sequence);
          sha.update(bytes.array());
        }
      }
      return "sha256:" + HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has SHA-256
    }
  }
}

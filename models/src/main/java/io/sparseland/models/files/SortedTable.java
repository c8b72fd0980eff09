// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.kernels.format.FormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A sorted string table as LevelDB writes it, without compression: blocks of entries whose keys
 * share a prefix with the key before, an index block, and 48 bytes that tell where that is.
 *
 * @see <a href="https://github.com/google/leveldb/blob/main/doc/table_format.md">LevelDB, table
 *     format</a>
 */
final class SortedTable {

  private static final int FOOTER = 48;
  private static final long MAGIC = 0xdb4775248b80fb57L;
  private static final int MOST = 100_000; // entries of a block
  private static final int VARINT_BYTES = 10;

  private final String file;
  private final ByteBuffer bytes;

  private SortedTable(String file, ByteBuffer bytes) {
    this.file = file;
    this.bytes = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** All entries in order. */
  static Map<String, ByteBuffer> read(String file, ByteBuffer bytes) {
    return new SortedTable(file, bytes).entries();
  }

  private Map<String, ByteBuffer> entries() {
    int end = bytes.limit();
    if (end < FOOTER || bytes.getLong(end - Long.BYTES) != MAGIC) {
      throw bad(end, "no sorted table", "one that ends with the number of LevelDB");
    }
    ByteBuffer footer = part(end - FOOTER, FOOTER);
    number(footer); // the block of block properties
    number(footer);
    Map<String, ByteBuffer> all = new LinkedHashMap<>();
    for (ByteBuffer handle : block(number(footer), number(footer)).values()) {
      all.putAll(block(number(handle), number(handle)));
    }
    return all;
  }

  private Map<String, ByteBuffer> block(long begin, long length) {
    if (begin < 0 || length < Integer.BYTES || begin + length >= bytes.limit()) {
      throw bad(begin, "a block of %d bytes".formatted(length), "one inside the file");
    }
    if (bytes.get((int) (begin + length)) != 0) {
      throw bad(begin, "a compressed block", "one without compression");
    }
    ByteBuffer block = part((int) begin, (int) length);
    long restarts = block.getInt((int) length - Integer.BYTES);
    long data = length - Integer.BYTES * (restarts + 1);
    if (restarts < 0 || data < 0) {
      throw bad(begin, restarts + " restarts", "as many as fit");
    }
    block.limit((int) data);
    Map<String, ByteBuffer> entries = new LinkedHashMap<>();
    String key = "";
    while (block.hasRemaining() && entries.size() < MOST) {
      long shared = number(block);
      long added = number(block);
      long size = number(block);
      if (shared < 0
          || shared > key.length()
          || added < 0
          || size < 0
          || added + size < 0
          || added + size > block.remaining()) {
        throw bad(begin, "an entry of %d and %d bytes".formatted(added, size), "one in its block");
      }
      byte[] rest = new byte[(int) added];
      block.get(rest);
      key = key.substring(0, (int) shared) + new String(rest, StandardCharsets.ISO_8859_1);
      entries.put(key, block.slice(block.position(), (int) size).order(ByteOrder.LITTLE_ENDIAN));
      block.position(block.position() + (int) size);
    }
    return entries;
  }

  private long number(ByteBuffer in) {
    long value = 0;
    for (int i = 0; i < VARINT_BYTES && in.hasRemaining(); i++) {
      byte b = in.get();
      value |= (b & 0x7fL) << (7 * i);
      if (b >= 0) {
        return value;
      }
    }
    throw bad(FormatException.NOWHERE, "a cut number", "at most 10 bytes of 7 bits");
  }

  private ByteBuffer part(int begin, int length) {
    return bytes.slice(begin, length).order(ByteOrder.LITTLE_ENDIAN);
  }

  private FormatException bad(long offset, String found, String allowed) {
    return new FormatException(file, offset, found, allowed);
  }
}

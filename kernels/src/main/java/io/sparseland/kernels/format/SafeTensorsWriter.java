// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Lays out and writes a safetensors file: the header padded with spaces, the data of every tensor
 * at a multiple of 64 bytes, gaps filled by small zero tensors.
 */
final class SafeTensorsWriter {

  private static final JsonFactory JSON = new JsonFactory();
  private static final int CHUNK_BYTES = 1 << 20;

  private SafeTensorsWriter() {}

  static void write(OutputStream out, List<SafeTensors.Entry> entries, Map<String, String> metadata)
      throws IOException {
    check(entries);
    byte[] header = header(entries, metadata);
    ByteBuffer length =
        ByteBuffer.allocate(SafeTensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.write(length.putLong(header.length).array());
    out.write(header);
    for (SafeTensors.Entry entry : entries) {
      forEachChunk(entry.data(), (bytes, count) -> out.write(bytes, 0, count));
      out.write(new byte[gap(bytes(entry.type(), entry.data()))]);
    }
  }

  /** CRC-32C of the bytes that {@link #write} makes of the data. */
  static int crc(Buffer data) {
    CRC32C crc = new CRC32C();
    if (data instanceof ByteBuffer bytes) {
      crc.update(bytes.duplicate());
      return (int) crc.getValue();
    }
    try {
      forEachChunk(data, (bytes, count) -> crc.update(bytes, 0, count));
    } catch (IOException e) {
      throw new AssertionError("a checksum does no input or output", e);
    }
    return (int) crc.getValue();
  }

  /**
   * Size of the data in bytes.
   *
   * @throws IllegalArgumentException if the kind of buffer does not hold elements of the type
   */
  static long bytes(SafeTensors.Type type, Buffer data) {
    if (data instanceof ByteBuffer) {
      return data.remaining();
    } else if (data instanceof FloatBuffer && type == SafeTensors.Type.F32) {
      return 4L * data.remaining();
    } else if (data instanceof LongBuffer
        && (type == SafeTensors.Type.I64
            || type == SafeTensors.Type.U64
            || type == SafeTensors.Type.U8)) {
      return 8L * data.remaining();
    }
    throw new IllegalArgumentException(
        "a %s for %s; allowed: bytes, floats for F32, longs for I64, U64 and U8"
            .formatted(data.getClass().getSimpleName(), type));
  }

  private static void check(List<SafeTensors.Entry> entries) {
    Set<String> names = new HashSet<>();
    for (SafeTensors.Entry entry : entries) {
      String name = entry.name();
      if (!names.add(name)) {
        throw new IllegalArgumentException("tensor '" + name + "': given twice");
      }
      if (name.startsWith(SafeTensors.PADDING) || name.equals(SafeTensorsHeader.METADATA)) {
        throw new IllegalArgumentException("tensor '" + name + "': the name is reserved");
      }
    }
  }

  private static byte[] header(List<SafeTensors.Entry> entries, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(SafeTensorsHeader.METADATA);
        for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
      }
      long offset = 0;
      int pads = 0;
      for (SafeTensors.Entry entry : entries) {
        long size = bytes(entry.type(), entry.data());
        tensor(json, entry.name(), entry.type(), entry.shape(), offset, size);
        offset += size;
        long gap = gap(size);
        if (gap > 0) {
          String name = SafeTensors.PADDING + pads++;
          tensor(json, name, SafeTensors.Type.U8, List.of(gap), offset, gap);
          offset += gap;
        }
      }
      json.writeEndObject();
    }
    int size = bytes.size();
    int padded = size + gap(SafeTensorsHeader.LENGTH_BYTES + (long) size);
    if (padded > SafeTensorsHeader.MAX_HEADER_BYTES
        || entries.size() * 2L > SafeTensorsHeader.MAX_TENSORS) {
      throw new IllegalArgumentException(
          "%d tensors with a header of %d bytes; allowed: %d and %d"
              .formatted(
                  entries.size(),
                  padded,
                  SafeTensorsHeader.MAX_TENSORS / 2,
                  SafeTensorsHeader.MAX_HEADER_BYTES));
    }
    byte[] header = Arrays.copyOf(bytes.toByteArray(), padded);
    Arrays.fill(header, size, padded, (byte) ' ');
    return header;
  }

  private static void tensor(
      JsonGenerator json,
      String name,
      SafeTensors.Type type,
      List<Long> shape,
      long offset,
      long size)
      throws IOException {
    json.writeObjectFieldStart(name);
    json.writeStringField("dtype", type.name());
    json.writeArrayFieldStart("shape");
    for (long n : shape) {
      json.writeNumber(n);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("data_offsets");
    json.writeNumber(offset);
    json.writeNumber(offset + size);
    json.writeEndArray();
    json.writeEndObject();
  }

  private static int gap(long size) {
    return (int) (-size & (SafeTensors.ALIGNMENT - 1));
  }

  private interface ChunkConsumer {
    void accept(byte[] bytes, int count) throws IOException;
  }

  /** Hands out the data as little-endian bytes, piece by piece. */
  private static void forEachChunk(Buffer data, ChunkConsumer consumer) throws IOException {
    byte[] bytes = new byte[CHUNK_BYTES];
    ByteBuffer chunk = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    Buffer rest = data.duplicate();
    int width = rest instanceof FloatBuffer ? 4 : rest instanceof LongBuffer ? 8 : 1;
    while (rest.hasRemaining()) {
      int count = Math.min(rest.remaining(), CHUNK_BYTES / width);
      Buffer part = rest.slice(rest.position(), count);
      if (part instanceof FloatBuffer floats) {
        chunk.asFloatBuffer().put(floats);
      } else if (part instanceof LongBuffer longs) {
        chunk.asLongBuffer().put(longs);
      } else {
        chunk.duplicate().put((ByteBuffer) part);
      }
      consumer.accept(bytes, count * width);
      rest.position(rest.position() + count);
    }
  }
}

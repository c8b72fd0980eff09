// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file: a strict reader, and the writer.
 *
 * <p>Opening checks the whole header and no data: lengths before anything is allocated, duplicate
 * names, types, shapes, and offsets that cover the data once, without holes, overlaps or a rest.
 * Data is read when asked for, never mapped: a file that another process cuts meanwhile is an
 * error, where mapped memory would end the JVM. Safe for use by several threads.
 */
public final class SafeTensors implements AutoCloseable {

  /** Largest number of dimensions of a tensor. */
  public static final int MAX_RANK = 8;

  /** Data of the writer begins at multiples of this many bytes. */
  public static final int ALIGNMENT = 64;

  /** Names beginning so belong to the writer's padding. */
  public static final String PADDING = "_pad.";

  private final String file;
  private final FileChannel channel;
  private final Map<String, String> metadata;
  private final Map<String, Info> tensors = new LinkedHashMap<>();

  /** Type of elements, by the names of the format. */
  public enum Type {
    /** One byte, 0 or 1. */
    BOOL(1),
    /** Unsigned, 8 bits. */
    U8(1),
    /** Signed, 8 bits. */
    I8(1),
    /** Float, 8 bits, 5 of them exponent. */
    F8_E5M2(1),
    /** Float, 8 bits, 4 of them exponent. */
    F8_E4M3(1),
    /** Signed, 16 bits. */
    I16(2),
    /** Unsigned, 16 bits. */
    U16(2),
    /** IEEE 754 half precision. */
    F16(2),
    /** The upper half of single precision. */
    BF16(2),
    /** Signed, 32 bits. */
    I32(4),
    /** Unsigned, 32 bits. */
    U32(4),
    /** IEEE 754 single precision. */
    F32(4),
    /** IEEE 754 double precision. */
    F64(8),
    /** Signed, 64 bits. */
    I64(8),
    /** Unsigned, 64 bits. */
    U64(8);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    /** Width of one element in bytes. */
    public int bytes() {
      return bytes;
    }
  }

  /**
   * A tensor of a file.
   *
   * @param name its name
   * @param type type of its elements
   * @param shape sizes, outermost first; empty for a scalar
   * @param begin first byte in the file
   * @param end byte behind the last
   */
  public record Info(String name, Type type, List<Long> shape, long begin, long end) {
    /** Size of the data in bytes. */
    public long bytes() {
      return end - begin;
    }
  }

  /**
   * A tensor to be written.
   *
   * @param name its name
   * @param type type of its elements
   * @param shape sizes, outermost first
   * @param data the elements from position to limit: a {@link ByteBuffer} of little-endian bytes
   *     for any type, a {@link FloatBuffer} for F32, a {@link LongBuffer} for I64, U64 or (bits) U8
   */
  public record Entry(String name, Type type, List<Long> shape, Buffer data) {

    /**
     * Checks the name and that type, shape and data fit.
     *
     * @throws IllegalArgumentException naming the tensor
     */
    public Entry {
      shape = List.copyOf(shape);
      String where = "tensor '" + name + "': ";
      SafeTensorsHeader.nameFault(name)
          .ifPresent(
              fault -> {
                throw new IllegalArgumentException(where + "allowed is a name " + fault);
              });
      if (shape.size() > MAX_RANK || shape.stream().anyMatch(size -> size < 0)) {
        throw new IllegalArgumentException(where + "shape " + shape);
      }
      long found = SafeTensorsWriter.bytes(type, data);
      long expected = SafeTensorsHeader.bytes(type, shape);
      if (found != expected) {
        throw new IllegalArgumentException(
            "%s%d bytes of data; allowed: %d, by %s %s"
                .formatted(where, found, expected, type, shape));
      }
    }

    /** fp32 values. */
    public static Entry floats(String name, List<Integer> shape, FloatBuffer values) {
      return new Entry(name, Type.F32, shape.stream().map(Integer::longValue).toList(), values);
    }

    /** Bits in 64-bit words, lowest first, as bytes. */
    public static Entry bits(String name, LongBuffer words) {
      return new Entry(name, Type.U8, List.of(8L * words.remaining()), words);
    }
  }

  private SafeTensors(String file, FileChannel channel, SafeTensorsHeader header) {
    this.file = file;
    this.channel = channel;
    this.metadata = Collections.unmodifiableMap(header.metadata());
    header.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws FormatException if it is not a sound safetensors file
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static SafeTensors open(Path path) {
    try {
      return open(path, RegularFile.open(path));
    } catch (IOException e) {
      throw RegularFile.unreadable(path, e);
    }
  }

  /** Opens a file of a model directory: one that has no other name. */
  static SafeTensors openOwn(Path path) {
    try {
      return open(path, RegularFile.openOwn(path));
    } catch (IOException e) {
      throw RegularFile.unreadable(path, e);
    }
  }

  private static SafeTensors open(Path path, FileChannel channel) throws IOException {
    try {
      SafeTensorsHeader header = SafeTensorsHeader.read(channel, path.toString());
      return new SafeTensors(path.toString(), channel, header);
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /**
   * Writes a file, whole or not at all ({@link AtomicFiles}). Tensors stand in the given order,
   * each at a multiple of {@value #ALIGNMENT} bytes.
   *
   * @throws IllegalArgumentException if two tensors have one name or one has the name of padding
   */
  public static void write(Path target, List<Entry> entries, Map<String, String> metadata) {
    AtomicFiles.write(target, out -> write(out, entries, metadata));
  }

  /** Writes a file without metadata. */
  public static void write(Path target, List<Entry> entries) {
    write(target, entries, Map.of());
  }

  /** Writes the bytes of a file to a stream. */
  public static void write(OutputStream out, List<Entry> entries, Map<String, String> metadata)
      throws IOException {
    SafeTensorsWriter.write(out, entries, metadata);
  }

  /** The strings under {@code __metadata__}. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** All tensors, padding included, in the order of their data. */
  public List<Info> tensors() {
    return new ArrayList<>(tensors.values());
  }

  /** A tensor by name. */
  public Optional<Info> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /**
   * Reads the data of a tensor into memory of its own off the heap: read-only, little-endian.
   *
   * @throws IllegalArgumentException if there is no such tensor or it is larger than 2 GiB
   * @throws FormatException if the file ends before the data does: it was cut after it was opened
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public ByteBuffer bytes(String name) {
    Info tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("%s: no tensor '%s'".formatted(file, name));
    }
    if (tensor.bytes() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' has %d bytes; allowed: less than 2^31"
              .formatted(file, name, tensor.bytes()));
    }
    ByteBuffer bytes = ByteBuffer.allocateDirect((int) tensor.bytes());
    try {
      while (bytes.hasRemaining()) {
        long at = tensor.begin() + bytes.position();
        if (channel.read(bytes, at) < 0) {
          throw new FormatException(
              file,
              at,
              "the end, inside '%s'".formatted(name),
              "%d more bytes: the file was cut while it was read".formatted(bytes.remaining()));
        }
      }
    } catch (IOException e) {
      throw RegularFile.unreadable(Path.of(file), e);
    }
    return bytes.flip().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads the values of an F32 tensor.
   *
   * @throws IllegalArgumentException if there is no such tensor, or not of this type
   * @see #bytes
   */
  public FloatBuffer floats(String name) {
    Info tensor = tensors.get(name);
    if (tensor != null && tensor.type() != Type.F32) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' is %s; allowed: F32".formatted(file, name, tensor.type()));
    }
    return bytes(name).asFloatBuffer();
  }

  /** Closes the file; buffers that were handed out stay valid. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw RegularFile.unreadable(Path.of(file), e);
    }
  }
}

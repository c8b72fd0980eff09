// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.kernels.format.FormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Fields of a protobuf message, one after the other, as views of its bytes.
 *
 * @see <a href="https://protobuf.dev/programming-guides/encoding/">Protocol buffers, encoding</a>
 */
final class WireReader {

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;
  private static final int VARINT_BYTES = 10;

  private final String file;
  private final ByteBuffer in;
  private int field;
  private int type;

  WireReader(String file, ByteBuffer bytes) {
    this.file = file;
    this.in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Goes to the next field; false at the end. Its value must be taken or skipped. */
  boolean next() {
    if (!in.hasRemaining()) {
      return false;
    }
    long tag = varint();
    field = (int) (tag >>> 3);
    type = (int) tag & 7;
    return true;
  }

  int field() {
    return field;
  }

  /** The value of a number field. */
  long number() {
    expect(VARINT);
    return varint();
  }

  /** The value of a field of four bytes. */
  int fixed32() {
    expect(FIXED32);
    if (in.remaining() < Integer.BYTES) {
      throw bad("the end of the message", "4 bytes more");
    }
    return in.getInt();
  }

  /** The value of a field of bytes, text or an inner message. */
  ByteBuffer bytes() {
    expect(BYTES);
    long length = varint();
    if (length < 0 || length > in.remaining()) {
      throw bad("a field of " + length + " bytes", "at most " + in.remaining());
    }
    ByteBuffer part = in.slice(in.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + (int) length);
    return part;
  }

  String text() {
    return StandardCharsets.UTF_8.decode(bytes()).toString();
  }

  WireReader message() {
    return new WireReader(file, bytes());
  }

  /** Whether the field holds bytes: repeated numbers may be packed or stand alone. */
  boolean holdsBytes() {
    return type == BYTES;
  }

  /** The numbers of a packed field. */
  List<Long> packed() {
    WireReader inner = message();
    List<Long> numbers = new ArrayList<>();
    while (inner.in.hasRemaining()) {
      numbers.add(inner.varint());
    }
    return numbers;
  }

  void skip() {
    switch (type) {
      case VARINT -> varint();
      case FIXED64 -> jump(Long.BYTES);
      case BYTES -> bytes();
      case FIXED32 -> jump(Integer.BYTES);
      default -> throw bad("wire type " + type, "0, 1, 2, 5");
    }
  }

  private void jump(int bytes) {
    if (in.remaining() < bytes) {
      throw bad("the end of the message", bytes + " bytes more");
    }
    in.position(in.position() + bytes);
  }

  private long varint() {
    long value = 0;
    for (int i = 0; i < VARINT_BYTES; i++) {
      if (!in.hasRemaining()) {
        throw bad("the end of the message", "a whole number");
      }
      byte b = in.get();
      value |= (b & 0x7fL) << (7 * i);
      if (b >= 0) {
        return value;
      }
    }
    throw bad("a number of more than 10 bytes", "at most 10");
  }

  private void expect(int wanted) {
    if (type != wanted) {
      throw bad("field %d of wire type %d".formatted(field, type), "wire type " + wanted);
    }
  }

  private FormatException bad(String found, String allowed) {
    return new FormatException(file, FormatException.NOWHERE, found, allowed);
  }
}

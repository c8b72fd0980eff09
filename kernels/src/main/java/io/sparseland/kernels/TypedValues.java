// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Numbers of a stored tensor in their type.
 *
 * @param type of each
 * @param bytes the numbers one after the other, little-endian, from position to limit
 * @param scales {@link WeightType#INT8} only: one per row of the matrix, finite, 0 or more; a row
 *     of zeros has 0
 */
public record TypedValues(WeightType type, ByteBuffer bytes, @Nullable FloatBuffer scales) {

  private static final long EXPONENTS_FP32 = 0x7f800000_7f800000L;
  private static final long LOWEST_FP32 = 0x00800000_00800000L;
  private static final long EXPONENTS_BF16 = 0x7f807f80_7f807f80L;
  private static final long LOWEST_BF16 = 0x00800080_00800080L;
  private static final int CHUNK = 1024;

  /**
   * Takes read-only views.
   *
   * @throws IllegalArgumentException if a number is cut, or scales are there without need or
   *     lacking
   */
  public TypedValues {
    bytes = bytes.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    Check.that(
        bytes.limit() % type.bytes() == 0,
        "%d bytes of %s, allowed are multiples of %d",
        bytes.limit(),
        type,
        type.bytes());
    Check.that(
        (scales != null) == (type == WeightType.INT8),
        "%s %s scales, allowed are scales for INT8 alone",
        type,
        scales == null ? "without" : "with");
    scales = scales == null ? null : scales.slice().asReadOnlyBuffer();
  }

  /** fp32 numbers, copied. */
  public static TypedValues fp32(FloatBuffer values) {
    ByteBuffer bytes = memory(Math.multiplyExact(4, values.remaining()));
    bytes.asFloatBuffer().put(values.duplicate());
    return new TypedValues(WeightType.FP32, bytes, null);
  }

  /** fp32 numbers rounded to bf16, to nearest, ties to even. */
  public static TypedValues bf16(FloatBuffer values) {
    ByteBuffer bytes = memory(Math.multiplyExact(2, values.remaining()));
    for (int i = values.position(); i < values.limit(); i++) {
      bytes.putShort((short) toBf16(values.get(i)));
    }
    return new TypedValues(WeightType.BF16, bytes.flip(), null);
  }

  /**
   * fp32 numbers of a matrix quantised symmetrically: {@code scale[row] = max|w| / 127}, {@code
   * byte = round_to_even(w / scale)}.
   *
   * @param values the kept ones, row-major
   * @param mask which are kept, or null for all
   * @throws IllegalArgumentException if a number is not finite
   */
  public static TypedValues int8(
      int rows, int columns, @Nullable LongBuffer mask, FloatBuffer values) {
    ByteBuffer bytes = memory(values.remaining());
    FloatBuffer scales = memory(4 * rows).asFloatBuffer();
    int at = values.position();
    for (int row = 0; row < rows; row++) {
      int end = at + (mask == null ? columns : kept(mask, (long) row * columns, columns));
      float largest = 0;
      for (int i = at; i < end; i++) {
        float w = values.get(i);
        Check.that(Float.isFinite(w), "int8: weight %d is %s, allowed are finite numbers", i, w);
        largest = Math.max(largest, Math.abs(w));
      }
      float scale = largest / 127;
      scales.put(row, scale);
      for (; at < end; at++) {
        double q = scale == 0 ? 0 : Math.rint((double) values.get(at) / scale);
        bytes.put((byte) Math.max(-127, Math.min(127, q)));
      }
    }
    return new TypedValues(WeightType.INT8, bytes.flip(), scales);
  }

  /** How many there are. */
  public int count() {
    return bytes.limit() / type.bytes();
  }

  /** The numbers, as a view with its own position. */
  @Override
  public ByteBuffer bytes() {
    return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The scales, as a view with its own position; null unless the type is INT8. */
  @Override
  public @Nullable FloatBuffer scales() {
    return scales == null ? null : scales.duplicate();
  }

  /** Number i as fp32; of INT8 without its scale. */
  public float get(int i) {
    return switch (type) {
      case FP32 -> bytes.getFloat(4 * i);
      case BF16 -> fromBf16(bytes.getShort(2 * i));
      case INT8 -> bytes.get(i);
    };
  }

  /** Index of the first number that is not finite; -1 when all are. */
  public int firstNotFinite() {
    if (type == WeightType.INT8) {
      return -1;
    }
    int begin = wordsAreFinite() ? bytes.limit() / 8 * 8 / type.bytes() : 0;
    for (int i = begin; i < count(); i++) {
      if (!Float.isFinite(get(i))) {
        return i;
      }
    }
    return -1;
  }

  /** Index of the first scale that is not finite or is negative; -1 when none is. */
  public int firstBadScale() {
    for (int row = 0; scales != null && row < scales.limit(); row++) {
      if (!(scales.get(row) >= 0) || scales.get(row) == Float.POSITIVE_INFINITY) {
        return row;
      }
    }
    return -1;
  }

  /** Eight bytes at a time: an exponent of all ones carries into the place of the sign. */
  private boolean wordsAreFinite() {
    long exponents = type == WeightType.FP32 ? EXPONENTS_FP32 : EXPONENTS_BF16;
    long lowest = type == WeightType.FP32 ? LOWEST_FP32 : LOWEST_BF16;
    LongBuffer words = bytes().asLongBuffer();
    long[] some = new long[CHUNK]; // an array is fast before the JIT compiler's last level, too
    long carried = 0;
    while (words.hasRemaining()) {
      int count = Math.min(CHUNK, words.remaining());
      words.get(some, 0, count);
      for (int i = 0; i < count; i++) {
        carried |= (some[i] & exponents) + lowest;
      }
    }
    return (carried & lowest << 8) == 0;
  }

  static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** To nearest, ties to even; NaN stays NaN. */
  static int toBf16(float x) {
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) {
      return (bits >>> 16) | 64;
    }
    return (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16;
  }

  private static int kept(LongBuffer mask, long begin, int count) {
    int kept = 0;
    long i = begin;
    long end = begin + count;
    while (i < end) {
      int bits = (int) Math.min(64 - i % 64, end - i);
      long word = mask.get((int) (i / 64)) >>> (i % 64);
      kept += Long.bitCount(bits == 64 ? word : word & (1L << bits) - 1);
      i += bits;
    }
    return kept;
  }

  private static ByteBuffer memory(int size) {
    return ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}

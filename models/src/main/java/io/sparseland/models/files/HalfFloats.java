// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Little-endian 16-bit floats to fp32, exactly. */
final class HalfFloats {

  private static final int FRACTION = 10; // bits of fp16
  private static final int SMALLEST = -24; // exponent of the smallest fp16 above 0

  private HalfFloats() {}

  static FloatBuffer fp16(ByteBuffer bytes) {
    ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    float[] out = new float[in.remaining() / 2];
    for (int i = 0; i < out.length; i++) {
      out[i] = fp16(in.getShort());
    }
    return FloatBuffer.wrap(out);
  }

  static FloatBuffer bf16(ByteBuffer bytes) {
    ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    float[] out = new float[in.remaining() / 2];
    for (int i = 0; i < out.length; i++) {
      out[i] = Float.intBitsToFloat(in.getShort() << 16);
    }
    return FloatBuffer.wrap(out);
  }

  /** {@code (-1)^sign · 2^(exponent - 15) · 1.fraction}; exponent 0 and 31 as in IEEE 754. */
  static float fp16(short bits) {
    int exponent = (bits >> FRACTION) & 0x1f;
    int fraction = bits & 0x3ff;
    float magnitude =
        switch (exponent) {
          case 0 -> Math.scalb((float) fraction, SMALLEST);
          case 0x1f -> fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
          default -> Math.scalb((float) (fraction + 0x400), exponent - 1 + SMALLEST);
        };
    return bits < 0 ? -magnitude : magnitude;
  }
}

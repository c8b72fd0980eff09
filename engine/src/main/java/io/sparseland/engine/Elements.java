// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.ndarray.types.DataType;
import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;

/** Reads and writes single elements of a buffer by data type. */
final class Elements {

  private Elements() {}

  static double getDouble(ByteBuffer bytes, DataType type, int index) {
    return switch (type) {
      case FLOAT32 -> bytes.getFloat(index * Float.BYTES);
      case FLOAT64 -> bytes.getDouble(index * Double.BYTES);
      case FLOAT16 -> Float16Utils.halfToFloat(bytes.getShort(index * Short.BYTES));
      default -> getLong(bytes, type, index);
    };
  }

  static long getLong(ByteBuffer bytes, DataType type, int index) {
    return switch (type) {
      case INT64, UINT64 -> bytes.getLong(index * Long.BYTES);
      case INT32 -> bytes.getInt(index * Integer.BYTES);
      case UINT32 -> Integer.toUnsignedLong(bytes.getInt(index * Integer.BYTES));
      case INT16 -> bytes.getShort(index * Short.BYTES);
      case UINT16 -> Short.toUnsignedLong(bytes.getShort(index * Short.BYTES));
      case INT8 -> bytes.get(index);
      case UINT8, BOOLEAN -> Byte.toUnsignedLong(bytes.get(index));
      case FLOAT16, FLOAT32, FLOAT64 -> (long) getDouble(bytes, type, index);
      default -> throw unsupported(type);
    };
  }

  static void put(ByteBuffer bytes, DataType type, int index, double value) {
    switch (type) {
      case FLOAT32 -> bytes.putFloat(index * Float.BYTES, (float) value);
      case FLOAT64 -> bytes.putDouble(index * Double.BYTES, value);
      case FLOAT16 -> bytes.putShort(index * Short.BYTES, Float16Utils.floatToHalf((float) value));
      case BOOLEAN -> bytes.put(index, (byte) (value != 0 ? 1 : 0));
      default -> put(bytes, type, index, (long) value);
    }
  }

  /** Keeps the low bits where the type is too narrow. */
  static void put(ByteBuffer bytes, DataType type, int index, long value) {
    switch (type) {
      case INT64, UINT64 -> bytes.putLong(index * Long.BYTES, value);
      case INT32, UINT32 -> bytes.putInt(index * Integer.BYTES, (int) value);
      case INT16, UINT16 -> bytes.putShort(index * Short.BYTES, (short) value);
      case INT8, UINT8 -> bytes.put(index, (byte) value);
      case BOOLEAN -> bytes.put(index, (byte) (value != 0 ? 1 : 0));
      case FLOAT16, FLOAT32, FLOAT64 -> put(bytes, type, index, (double) value);
      default -> throw unsupported(type);
    }
  }

  private static IllegalArgumentException unsupported(DataType type) {
    return new IllegalArgumentException(
        "data type " + type + ": allowed are FLOAT16, FLOAT32, FLOAT64, the integers and BOOLEAN");
  }
}

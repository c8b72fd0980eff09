// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Type of a tensor's elements. */
public enum ElementType {
  /** IEEE 754 single precision. */
  FLOAT32(4),
  /** Signed 32-bit integer. */
  INT32(4),
  /** Signed 64-bit integer. */
  INT64(8);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Width of one element in bytes. */
  public int bytes() {
    return bytes;
  }
}

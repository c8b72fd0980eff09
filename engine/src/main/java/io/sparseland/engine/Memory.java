// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Direct memory, zeroed and aligned to 64 bytes. Small buffers are cut from slabs, since a direct
 * allocation of its own costs more than a small model takes to run. A slab is never reused: it goes
 * when the last buffer that was cut from it is collected.
 */
final class Memory {

  private static final int ALIGNMENT = 64;
  private static final int SLAB = 1 << 18;
  private static final int SMALL = SLAB / 16;

  private static ByteBuffer slab = aligned(SLAB);

  private Memory() {}

  /** A buffer of exactly this many bytes in native order. */
  static ByteBuffer allocate(int bytes) {
    ByteBuffer whole = bytes <= SMALL ? cut(bytes) : aligned(bytes);
    return whole.slice(0, bytes).order(ByteOrder.nativeOrder());
  }

  private static synchronized ByteBuffer cut(int bytes) {
    int rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (slab.remaining() < rounded) {
      slab = aligned(SLAB);
    }
    ByteBuffer piece = slab.slice(slab.position(), rounded);
    slab.position(slab.position() + rounded);
    return piece;
  }

  private static ByteBuffer aligned(int bytes) {
    // alignedSlice rounds the limit down as well as the start up
    return ByteBuffer.allocateDirect(Math.addExact(bytes, 2 * ALIGNMENT)).alignedSlice(ALIGNMENT);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Places buffers with known lifetimes in one block of memory so that those alive together do not
 * overlap: the largest first, each at the lowest free place.
 */
final class MemoryPlan {

  /** Places are multiples of this many bytes. */
  static final int ALIGNMENT = 64;

  private final long[] offsets;
  private final long bytes;

  /**
   * A buffer to be placed.
   *
   * @param bytes its size
   * @param first step that writes it first
   * @param last last step that reads it, inclusive
   */
  record Buffer(long bytes, int first, int last) {
    boolean meets(Buffer other) {
      return first <= other.last && other.first <= last;
    }
  }

  private MemoryPlan(long[] offsets, long bytes) {
    this.offsets = offsets;
    this.bytes = bytes;
  }

  /** Places all buffers. */
  static MemoryPlan of(List<Buffer> buffers) {
    long[] offsets = new long[buffers.size()];
    long bytes = 0;
    List<Integer> placed = new ArrayList<>();
    List<Integer> order =
        IntStream.range(0, buffers.size())
            .boxed()
            .sorted(Comparator.comparingLong((Integer i) -> -buffers.get(i).bytes()))
            .toList();
    for (int i : order) {
      Buffer buffer = buffers.get(i);
      List<Integer> neighbours =
          placed.stream()
              .filter(j -> buffers.get(j).meets(buffer))
              .sorted(Comparator.comparingLong(j -> offsets[j]))
              .toList();
      long free = 0;
      for (int j : neighbours) {
        if (offsets[j] - free >= buffer.bytes()) {
          break;
        }
        free = Math.max(free, align(offsets[j] + buffers.get(j).bytes()));
      }
      offsets[i] = free;
      bytes = Math.max(bytes, free + buffer.bytes());
      placed.add(i);
    }
    return new MemoryPlan(offsets, align(bytes));
  }

  /** Where buffer i begins. */
  long offset(int i) {
    return offsets[i];
  }

  /** Size of the block. */
  long bytes() {
    return bytes;
  }

  @Override
  public String toString() {
    return bytes + " bytes, offsets " + Arrays.toString(offsets);
  }

  private static long align(long bytes) {
    return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
  }
}

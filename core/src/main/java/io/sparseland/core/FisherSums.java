// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums of {@code g g^T} over the gradients of one layer, in blocks along the diagonal; the last
 * block is padded with zeros. Gradients are gathered so that the blocks are touched seldom.
 */
final class FisherSums {

  private static final int GATHERED = 16; // gradients
  private static final int CHUNK_BYTES = 64 << 20;

  private final int size;
  private final int block;
  private final NDManager manager;
  private final List<NDArray> chunks = new ArrayList<>(); // [blocks, block, block], fp32
  private final List<float[]> gathered = new ArrayList<>();
  private long count;

  /**
   * Nothing yet.
   *
   * @param manager the sums' arrays are closed with it
   */
  FisherSums(int size, int block, NDManager manager) {
    this.size = size;
    this.block = block;
    this.manager = manager;
    int blocks = blocks();
    int each = Math.max(1, CHUNK_BYTES / (block * block * Float.BYTES));
    for (int from = 0; from < blocks; from += each) {
      Shape shape = new Shape(Math.min(each, blocks - from), block, block);
      NDArray chunk = manager.zeros(shape);
      NDScope.unregister(chunk);
      chunks.add(chunk);
    }
  }

  private int blocks() {
    return (size + block - 1) / block;
  }

  /**
   * Adds a gradient.
   *
   * @param gradient one value a weight
   */
  void add(float[] gradient) {
    gathered.add(gradient);
    count++;
    if (gathered.size() == GATHERED) {
      flush();
    }
  }

  private void flush() {
    int k = gathered.size();
    int from = 0;
    for (NDArray chunk : chunks) {
      int blocks = Math.toIntExact(chunk.getShape().get(0));
      float[] part = new float[k * blocks * block];
      for (int i = 0; i < k; i++) {
        int length = Math.min(blocks * block, size - from);
        System.arraycopy(gathered.get(i), from, part, i * blocks * block, length);
      }
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        NDArray g = manager.create(part, new Shape(k, blocks, block));
        chunk.addi(g.transpose(1, 2, 0).matMul(g.transpose(1, 0, 2)));
      }
      from += blocks * block;
    }
    gathered.clear();
  }

  /** The mean, fp32 {@code [blocks, block, block]}, as a new array. */
  NDArray mean() {
    if (!gathered.isEmpty()) {
      flush();
    }
    return NDArrays.concat(new NDList(chunks)).div(count);
  }

  /** Gradients seen. */
  long count() {
    return count;
  }
}

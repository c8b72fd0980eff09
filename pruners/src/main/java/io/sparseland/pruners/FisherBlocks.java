// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Linalg;
import io.sparseland.core.Statistic;

/** Inverses of the damped empirical Fisher blocks of a layer, in fp64, some at a time. */
final class FisherBlocks {

  private static final int INVERSE_BYTES = 32 << 20;

  private final Layer layer;
  private final NDArray fisher; // [blocks, block, block]
  private final int block;
  private final double damping;

  FisherBlocks(Layer layer, Evidence evidence, double damping) {
    this.layer = layer;
    this.fisher = evidence.get(Statistic.FISHER);
    this.block = Math.toIntExact(fisher.getShape().get(1));
    this.damping = damping;
  }

  /** Sees one inverse. */
  interface Visitor {
    /**
     * One block.
     *
     * @param from flat index of its first weight
     * @param length weights in it; the rest is padding
     * @param inverse {@code [block, block]} from {@code at} on
     */
    void visit(int from, int length, double[] inverse, int at);
  }

  int block() {
    return block;
  }

  /** All blocks, in order. */
  void forEach(Visitor visitor) {
    int blocks = Math.toIntExact(fisher.getShape().get(0));
    int size = layer.geometry().size();
    int each = Math.max(1, INVERSE_BYTES / (block * block * Double.BYTES));
    for (int first = 0; first < blocks; first += each) {
      int last = Math.min(blocks, first + each);
      double[] inverses;
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        NDArray eye = fisher.getManager().eye(block).toType(DataType.FLOAT64, false).mul(damping);
        NDArray part = fisher.get(first + ":" + last).toType(DataType.FLOAT64, false).add(eye);
        inverses = Linalg.inverses(part).toDoubleArray();
      }
      for (int b = first; b < last; b++) {
        int from = b * block;
        visitor.visit(from, Math.min(block, size - from), inverses, (b - first) * block * block);
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.graph.ModelGraph;
import java.util.List;

/**
 * What can be told of a model directory without reading weights.
 *
 * @param graph the operations
 * @param tensors the stored tensors
 * @param provenance where it comes from
 * @param fileBytes size of the weights file in bytes
 */
public record ModelSummary(
    ModelGraph graph, List<Tensor> tensors, Provenance provenance, long fileBytes) {

  /** Copies the list. */
  public ModelSummary {
    tensors = List.copyOf(tensors);
  }

  /**
   * One stored tensor.
   *
   * @param name name by which the graph refers to it
   * @param type of its values
   * @param shape sizes, outermost first
   * @param pattern pattern of its mask, or "dense"
   * @param kept number of stored values
   * @param choice which kernels run it
   */
  public record Tensor(
      String name,
      WeightType type,
      List<Integer> shape,
      String pattern,
      int kept,
      KernelChoice choice) {

    /** Number of elements, pruned ones included. */
    public int elements() {
      return StoredTensor.elements(name, shape);
    }

    /** Whether it has a mask. */
    public boolean masked() {
      return !pattern.equals(StoredTensor.DENSE);
    }

    /** Number of scales: one per output of INT8, else none. */
    public int scales() {
      return type == WeightType.INT8 ? shape.get(0) : 0;
    }

    /** Bytes of mask, values and scales. */
    public long storedBytes() {
      return (long) type.bytes() * kept
          + 4L * scales()
          + (masked() ? 8L * StoredTensor.words(elements()) : 0);
    }
  }

  /** Bytes of all tensors as dense fp32. */
  public long bytesDense() {
    return tensors.stream().mapToLong(tensor -> 4L * tensor.elements()).sum();
  }

  /** Bytes of all masks, values and scales. */
  public long bytesStored() {
    return tensors.stream().mapToLong(Tensor::storedBytes).sum();
  }

  /** Share of pruned elements among those of masked tensors, 0 to 1; 0 when none is masked. */
  public double sparsity() {
    long elements = tensors.stream().filter(Tensor::masked).mapToLong(Tensor::elements).sum();
    long kept = tensors.stream().filter(Tensor::masked).mapToLong(Tensor::kept).sum();
    return elements == 0 ? 0 : 1 - kept / (double) elements;
  }
}

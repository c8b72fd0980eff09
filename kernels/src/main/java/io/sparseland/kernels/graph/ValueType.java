// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import io.sparseland.kernels.ElementType;
import java.util.List;
import java.util.Map;

/**
 * What is known of a value before it is computed.
 *
 * @param type type of the elements
 * @param shape sizes, outermost first
 */
public record ValueType(ElementType type, List<Size> shape) {

  /** Copies the shape. */
  public ValueType {
    shape = List.copyOf(shape);
  }

  /** fp32 with constant sizes. */
  public static ValueType floats(List<Integer> shape) {
    return new ValueType(ElementType.FLOAT32, shape.stream().map(n -> Size.of(n)).toList());
  }

  /** Number of dimensions. */
  public int rank() {
    return shape.size();
  }

  /** Number of elements. */
  public Size elements() {
    return shape.stream().reduce(Size.of(1), Size::times);
  }

  /**
   * The sizes for given symbols.
   *
   * @throws IllegalArgumentException if a symbol has no value
   * @throws ArithmeticException if a size does not fit into 31 bits
   */
  public int[] at(Map<String, Long> symbols) {
    return shape.stream().mapToInt(size -> Math.toIntExact(size.at(symbols))).toArray();
  }

  @Override
  public String toString() {
    return type + shape.toString();
  }
}

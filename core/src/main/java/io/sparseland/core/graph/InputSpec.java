// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.DataType;
import io.sparseland.kernels.graph.Size;
import java.util.List;

/**
 * An input of a graph.
 *
 * @param name its name
 * @param type element type it was traced with
 * @param shape sizes, symbolic where they may vary
 */
public record InputSpec(String name, DataType type, List<Size> shape) {

  /** Copies the list. */
  public InputSpec {
    shape = List.copyOf(shape);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Torch;
import java.util.Map;
import java.util.TreeMap;

/**
 * One input of a block to be traced: its shape, and which dimensions may vary.
 *
 * <p>{@code TraceInput.of(new Shape(1, 128), DataType.INT64).symbol(1, "seq")} is a batch of token
 * ids of any length. Dimensions with the same symbol vary together, across inputs too.
 *
 * @param name name of the input; {@code ""} for {@code input}, or {@code input.0}, {@code input.1}
 *     where there are several
 * @param shape an example shape; a symbolic dimension's size is where tracing starts, except for
 *     {@code batch}, traced at small sizes of its own
 * @param type element type; the values traced with are zeros
 * @param symbols dimension to symbol
 */
public record TraceInput(String name, Shape shape, DataType type, Map<Integer, String> symbols) {

  /** Symbol of dimension 0 unless told otherwise. */
  public static final String BATCH = "batch";

  /** Checks dimensions and symbols. */
  public TraceInput {
    Torch.check(type);
    for (Map.Entry<Integer, String> e : symbols.entrySet()) {
      if (e.getKey() < 0 || e.getKey() >= shape.dimension()) {
        throw new IllegalArgumentException(
            "symbol '%s' is on dimension %d of %s; allowed: 0 to %d"
                .formatted(e.getValue(), e.getKey(), shape, shape.dimension() - 1));
      }
      if (!e.getValue().matches("[A-Za-z][A-Za-z0-9_]*")) {
        throw new IllegalArgumentException(
            "symbol '%s': allowed are letters, digits and _, a letter first"
                .formatted(e.getValue()));
      }
    }
    for (int d = 0; d < shape.dimension(); d++) {
      if (shape.get(d) < 1 && !BATCH.equals(symbols.get(d))) {
        throw new IllegalArgumentException(
            "dimension %d of %s needs a size to trace with".formatted(d, shape));
      }
    }
    symbols = Map.copyOf(symbols);
  }

  /** An fp32 input whose first dimension is the batch. */
  public static TraceInput of(Shape shape) {
    return of(shape, DataType.FLOAT32);
  }

  /** An input whose first dimension is the batch. */
  public static TraceInput of(Shape shape, DataType type) {
    return new TraceInput("", shape, type, shape.dimension() == 0 ? Map.of() : Map.of(0, BATCH));
  }

  /** The same input under a name. */
  public TraceInput named(String newName) {
    return new TraceInput(newName, shape, type, symbols);
  }

  /** The same input with a symbol on one more dimension. */
  public TraceInput symbol(int dimension, String symbol) {
    Map<Integer, String> more = new TreeMap<>(symbols);
    more.put(dimension, symbol);
    return new TraceInput(name, shape, type, more);
  }

  /** The same input with no dimension that varies. */
  public TraceInput fixed() {
    return new TraceInput(name, shape, type, Map.of());
  }
}

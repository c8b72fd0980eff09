// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sizes a block is traced at, and the exact fit through what was seen there.
 *
 * <p>With k symbols, the corners of a unit cube give 2^k traces; a size is the multilinear
 * polynomial through them, {@code f = sum over S of a_S · prod over i in S of (s_i - low_i)} with
 * {@code a_S = sum over T in S of (-1)^(|S|-|T|) v_T}, all integers. One more trace away from the
 * cube must agree.
 */
final class SamplePoints {

  static final int MAX_SYMBOLS = 4;

  private static final long BATCH_LOW = 2; // training batch norm needs two values per channel
  private static final long STRIDE = 3; // from a corner to the point that checks the fit

  private final List<String> symbols;
  private final List<Long> low;
  private final List<Map<String, Long>> points; // 2^k corners by bit set, then the check

  private SamplePoints(List<String> symbols, List<Long> low, List<Map<String, Long>> points) {
    this.symbols = symbols;
    this.low = low;
    this.points = points;
  }

  static SamplePoints of(List<TraceInput> inputs) {
    Map<String, Long> example = new LinkedHashMap<>();
    for (TraceInput input : inputs) {
      for (int d = 0; d < input.shape().dimension(); d++) {
        String symbol = input.symbols().get(d);
        if (symbol == null) {
          continue;
        }
        Long before = example.putIfAbsent(symbol, input.shape().get(d));
        if (before != null && before != input.shape().get(d)) {
          throw new IllegalArgumentException(
              "symbol '%s' is %d in one dimension and %d in another"
                  .formatted(symbol, before, input.shape().get(d)));
        }
      }
    }
    if (example.size() > MAX_SYMBOLS) {
      throw new IllegalArgumentException(
          "at most %d symbols, found %s".formatted(MAX_SYMBOLS, example.keySet()));
    }
    List<String> symbols = List.copyOf(example.keySet());
    List<Long> low = new ArrayList<>();
    Map<String, Long> check = new LinkedHashMap<>();
    example.forEach(
        (symbol, size) -> {
          boolean below = !symbol.equals(TraceInput.BATCH) && size > STRIDE + 1;
          long start = symbol.equals(TraceInput.BATCH) ? BATCH_LOW : below ? size - 1 : size;
          low.add(start);
          check.put(symbol, below ? start - STRIDE : start + STRIDE);
        });
    List<Map<String, Long>> points = new ArrayList<>();
    for (int corner = 0; corner < (1 << symbols.size()); corner++) {
      Map<String, Long> point = new LinkedHashMap<>();
      for (int i = 0; i < symbols.size(); i++) {
        point.put(symbols.get(i), low.get(i) + ((corner >> i) & 1));
      }
      points.add(point);
    }
    if (!symbols.isEmpty()) {
      points.add(check);
    }
    return new SamplePoints(symbols, low, points);
  }

  /**
   * The points, the first being the base, the last the check (without symbols there is only one).
   */
  List<Map<String, Long>> points() {
    return points;
  }

  Shape shape(TraceInput input, Map<String, Long> point) {
    long[] sizes = input.shape().getShape().clone();
    input.symbols().forEach((d, symbol) -> sizes[d] = point.getOrDefault(symbol, sizes[d]));
    return new Shape(sizes);
  }

  /** The size that takes these values at the points; null when none does. */
  @org.jspecify.annotations.Nullable
  Size fit(long[] values) {
    Size sum = Size.of(0);
    for (int set = 0; set < (1 << symbols.size()); set++) {
      long coefficient = 0;
      Size product = Size.of(1);
      for (int subset = 0; subset <= set; subset++) {
        if ((subset & ~set) == 0) {
          int sign = (Integer.bitCount(set) - Integer.bitCount(subset)) % 2 == 0 ? 1 : -1;
          coefficient += sign * values[subset];
        }
      }
      for (int i = 0; i < symbols.size(); i++) {
        if (((set >> i) & 1) == 1) {
          product = product.times(Size.symbol(symbols.get(i)).plus(Size.of(-low.get(i))));
        }
      }
      sum = sum.plus(product.times(Size.of(coefficient)));
    }
    int last = points.size() - 1;
    return sum.at(points.get(last)) == values[last] ? sum : null;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.Matrix;
import java.util.SortedMap;

/** What a product costs by each design that can run it. */
public interface Costs {

  /** Where the numbers come from, for reasons: {@code measured} or {@code profile 'x'}. */
  String source();

  /** Unit of the numbers: {@code microseconds}, or {@code dense = 1}. */
  String unit();

  /** How much a cost may be wrong whatever its size: clocks and the waking of threads. */
  double doubt();

  /**
   * Cost by design. There is a dense design among them, unless no dense one takes the type.
   *
   * @param pattern text of the mask's pattern, {@code dense} without mask
   * @param tokens of a convolution: output pixels of one image
   */
  SortedMap<String, Double> of(Matrix w, String pattern, int tokens);
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What becomes of a layer.
 *
 * @param mask which weights stay
 * @param weight fp64 {@code [out, in]}; what the mask prunes is ignored
 * @param biasChange what is added to the bias, fp64 {@code [out]}; empty for nothing
 * @param notes what a reader of the report should know
 */
public record Solution(
    Mask mask, NDArray weight, Optional<NDArray> biasChange, List<String> notes) {

  /** Copies the list. */
  public Solution {
    notes = List.copyOf(notes);
  }

  /** Masks and weights only. */
  public static Solution of(Mask mask, NDArray weight) {
    return new Solution(mask, weight, Optional.empty(), List.of());
  }

  /** The same with other weights and more notes. */
  public Solution with(NDArray other, List<String> more) {
    List<String> all = new ArrayList<>(notes);
    all.addAll(more);
    return new Solution(mask, other, biasChange, all);
  }

  /** The same with more notes. */
  public Solution noting(List<String> more) {
    return with(weight, more);
  }

  /** The same with another mask. */
  public Solution with(Mask other) {
    return new Solution(other, weight, biasChange, notes);
  }

  /** The same with a change of the bias. */
  public Solution withBias(NDArray change) {
    return new Solution(mask, weight, Optional.of(change), notes);
  }

  /** The weight with exact zeros outside the mask, fp64 {@code [out, in]}. */
  public NDArray masked() {
    double[] values = weight.toDoubleArray();
    for (int i = 0; i < values.length; i++) {
      if (!mask.get(i)) {
        values[i] = 0;
      }
    }
    return weight.getManager().create(values, weight.getShape());
  }
}

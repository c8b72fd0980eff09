// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;

/** The weight a forward pass uses in place of the stored one: straight-through, soft masks. */
public interface WeightView {

  /**
   * The effective weight; gradients flow through it as the method wants.
   *
   * @param stored the stored weight, in the parameter's own shape
   * @param mask 0 and 1, in the same shape
   */
  NDArray effective(NDArray stored, NDArray mask);

  /**
   * The plain weight that takes its place when training is over.
   *
   * @param stored the stored weight, in the parameter's own shape
   * @param mask 0 and 1, in the same shape
   */
  NDArray merge(NDArray stored, NDArray mask);
}

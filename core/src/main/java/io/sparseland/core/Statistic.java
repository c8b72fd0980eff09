// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/** A number per weight or per input that a {@link Criterion} may ask for. */
public enum Statistic {
  /**
   * Mean over tokens (or output positions) of each input column squared; {@code [in]}, of a grouped
   * convolution {@code [groups, in]}.
   */
  INPUT_MEAN_SQUARE,
  /** Gradient of the loss with respect to the weight, mean over batches; {@code [out, in]}. */
  GRADIENT,
  /** One number of U(0, 1) a weight, fixed by seed, layer name and step; {@code [out, in]}. */
  UNIFORM
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import org.jspecify.annotations.Nullable;

/**
 * One weight matrix, {@code [outputs, inputs]}, packed for one kernel set; immutable. Only the
 * kernels that packed it can use it. Closing waits for running calls; use after that is an {@link
 * IllegalStateException}; closing twice does nothing.
 */
public interface PackedWeights extends AutoCloseable {

  /** Rows of the matrix. */
  int outputs();

  /** Columns of the matrix. */
  int inputs();

  /** Of the convolution that it was packed for; null for a linear layer. */
  @Nullable ConvShape window();

  /** Type of the weights. */
  WeightType type();

  /** Name of the design that multiplies this many tokens. */
  String design(int tokens);

  /** Memory held now, in bytes; 0 when closed. */
  long bytes();

  @Override
  void close();
}

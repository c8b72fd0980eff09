// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/** What a sparsity is the share of. */
public enum Budget {
  /** Weights. */
  NONZEROS,
  /** Bytes of stored weights, fp32: a layer that is sparse needs one bit a weight besides. */
  BYTES,
  /** Multiplications of one example. */
  FLOPS;

  /** What a layer costs that keeps so many weights, each used so many times. */
  double cost(LayerShape layer, long kept, double uses) {
    return switch (this) {
      case NONZEROS -> kept;
      case BYTES -> Float.BYTES * (double) kept + (kept < layer.size() ? layer.size() / 8.0 : 0);
      case FLOPS -> kept * uses;
    };
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/** What a weight does in the forward pass, read off the traced operation that uses it. */
public enum LayerType {
  /** Matrix {@code [out, in]} of a {@code linear} operation. */
  LINEAR,
  /** Kernel {@code [out, in/groups, kernelH, kernelW]} of a {@code convolution} operation. */
  CONVOLUTION,
  /** Table {@code [vocabulary, width]} of an {@code embedding} operation. */
  EMBEDDING,
  /** Scale {@code [channels]} of a batch or layer norm. */
  NORM,
  /** Any other weight: used by an operation that none of the above describes. */
  OTHER
}

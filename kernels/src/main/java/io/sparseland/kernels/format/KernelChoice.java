// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

/**
 * Which kernel runs a weight, and why.
 *
 * @param kernel {@value #DENSE} or {@value #SPARSE}
 * @param reason for people: the measurement or rule that decided
 */
public record KernelChoice(String kernel, String reason) {

  /** All weights are multiplied. */
  public static final String DENSE = "dense";

  /** Only kept weights are multiplied. */
  public static final String SPARSE = "sparse";

  /** Refuses other kernels. */
  public KernelChoice {
    if (!kernel.equals(DENSE) && !kernel.equals(SPARSE)) {
      throw new IllegalArgumentException("kernel '" + kernel + "'; allowed: 'dense', 'sparse'");
    }
  }

  /** The dense kernel. */
  public static KernelChoice dense(String reason) {
    return new KernelChoice(DENSE, reason);
  }

  /** The sparse kernel. */
  public static KernelChoice sparse(String reason) {
    return new KernelChoice(SPARSE, reason);
  }

  /** Whether the sparse kernel was chosen. */
  public boolean isSparse() {
    return kernel.equals(SPARSE);
  }
}

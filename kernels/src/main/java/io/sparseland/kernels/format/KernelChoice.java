// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.Kernels;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which designs run a weight, and why. A hint for speed: every design computes the same, and a
 * runtime that does not have one takes another.
 *
 * @param decode design for few tokens, a name of {@link Kernels#designs()}
 * @param batch design for many tokens, and for convolutions
 * @param batchFrom smallest number of tokens that the batch design runs, 1 or more
 * @param reason for people: the measurement or rule that decided
 */
public record KernelChoice(String decode, String batch, int batchFrom, String reason) {

  /** Designs that multiply by all weights. */
  public static final Set<String> DENSE = Set.of(Kernels.DENSE, Kernels.ONEDNN);

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,31}");

  /** Refuses what cannot be the name of a design. */
  public KernelChoice {
    for (String design : new String[] {decode, batch}) {
      if (!NAME.matcher(design).matches()) {
        throw new IllegalArgumentException(
            "design '%s'; allowed: small letters, digits and _, at most 32".formatted(design));
      }
    }
    if (batchFrom < 1) {
      throw new IllegalArgumentException(
          "batch from %d tokens; allowed: 1 or more".formatted(batchFrom));
    }
  }

  /** One design for any number of tokens. */
  public static KernelChoice always(String design, String reason) {
    return new KernelChoice(design, design, 1, reason);
  }

  /** The dense design for any number of tokens. */
  public static KernelChoice dense(String reason) {
    return always(Kernels.DENSE, reason);
  }

  /** The design for any pattern, for any number of tokens. */
  public static KernelChoice sparse(String reason) {
    return always(Kernels.SPARSE, reason);
  }

  /** Whether every design multiplies by all weights. */
  public boolean isDense() {
    return DENSE.contains(decode) && DENSE.contains(batch);
  }

  /** The designs for people: one, or that for few tokens, {@code /}, that for many. */
  public String designs() {
    return decode.equals(batch) ? batch : decode + "/" + batch;
  }
}

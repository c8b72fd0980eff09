// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/**
 * How the elements of a tensor {@code [..., features]} lie in memory. All dimensions but the last
 * together count tokens.
 */
public enum Layout {
  /** Row-major: the features of a token side by side. */
  ROWS,

  /**
   * Panels of {@value #PANEL} tokens, the last one of 16 when at most 16 are left: token {@code t}
   * is column {@code t % 32} of panel {@code t / 32}, a panel is {@code [features][tokens]}. Tokens
   * behind the last are padding with any value. It is what sparse layers multiply: a chain of them
   * in panels needs no packing.
   */
  PANELS;

  /** Tokens of a full panel. */
  public static final int PANEL = 32;

  private static final int HALF = PANEL / 2;

  /** Elements that {@code tokens} tokens take, padding included; may exceed an int. */
  long elements(long tokens, long features) {
    return this == ROWS ? tokens * features : (tokens + HALF - 1) / HALF * HALF * features;
  }

  /** Tokens of panel {@code p} of {@code tokens} tokens, padding included. */
  static int width(int tokens, int p) {
    return tokens - p * PANEL <= HALF ? HALF : PANEL;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/**
 * Number of threads of the one pool that all kernels share, the calling thread included. The
 * default is the number of cores, or {@code -Dsparseland.threads=N}. Results have the same bits for
 * any number.
 */
public final class Threads {

  /** Largest count allowed. */
  public static final int MAX = 1024;

  private static volatile int count = initial();

  private Threads() {}

  /** Threads used by one call. */
  public static int count() {
    return count;
  }

  /**
   * Changes the number of threads for calls that start later.
   *
   * @throws IllegalArgumentException if {@code n} is not in 1 to {@value #MAX}
   */
  public static void set(int n) {
    Check.that(n >= 1 && n <= MAX, "threads is %d, allowed is 1 to %d", n, MAX);
    count = n;
  }

  private static int initial() {
    String text = System.getProperty("sparseland.threads", "");
    if (text.isEmpty()) {
      return Math.min(MAX, Runtime.getRuntime().availableProcessors());
    }
    try {
      int n = Integer.parseInt(text);
      Check.that(n >= 1 && n <= MAX, "-Dsparseland.threads is %d, allowed is 1 to %d", n, MAX);
      return n;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "-Dsparseland.threads is '" + text + "', allowed is a number from 1 to " + MAX, e);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/**
 * When something happens: at {@code begin}, then every {@code every} steps up to and including
 * {@code end}.
 *
 * @param begin first step, 0 or more
 * @param every steps between, 1 or more
 * @param end last possible step, not before {@code begin}
 */
public record Trigger(long begin, long every, long end) {

  /** Checks the order. */
  public Trigger {
    Check.that(every >= 1, "every is %d steps, allowed: 1 or more", every);
    Check.that(
        begin >= 0 && begin <= end,
        "begin is step %d and end step %d, allowed: 0 <= begin <= end",
        begin,
        end);
  }

  /** Every so many steps, first after that many, without end. */
  public static Trigger every(long every) {
    return new Trigger(every, every, Long.MAX_VALUE);
  }

  /** The same from another first step on. */
  public Trigger from(long first) {
    return new Trigger(first, every, end);
  }

  /** The same up to and including a last step. */
  public Trigger until(long last) {
    return new Trigger(begin, every, last);
  }

  /** Whether it happens at this step. */
  public boolean due(long step) {
    return step >= begin && step <= end && (step - begin) % every == 0;
  }

  /** Whether it ever stops. */
  public boolean bounded() {
    return end != Long.MAX_VALUE;
  }

  /** The last step at which it happens. */
  public long last() {
    return begin + (end - begin) / every * every;
  }
}

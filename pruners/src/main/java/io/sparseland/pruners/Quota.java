// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

/**
 * Hands out an exact number of units to prune over pieces that are seen one after another: after a
 * share x of the candidates {@code floor(x · total)} have gone.
 */
final class Quota {

  private final long toPrune;
  private final long candidates;
  private long seen;
  private long given;

  /**
   * A quota.
   *
   * @param toPrune units to prune in all, without those already pruned
   * @param candidates units that are not yet pruned
   */
  Quota(long toPrune, long candidates) {
    this.toPrune = Math.max(0, toPrune);
    this.candidates = candidates;
  }

  /** How many of the next candidates go. */
  long next(long more) {
    seen += more;
    long until = candidates == 0 ? 0 : toPrune * seen / candidates; // at most 2^62
    long now = until - given;
    given = until;
    return now;
  }
}

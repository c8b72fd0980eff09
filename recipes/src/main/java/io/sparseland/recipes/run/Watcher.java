// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

/** Who watches a run; every method has a quiet default. */
public interface Watcher {

  /** Nobody watches. */
  static Watcher none() {
    return new Watcher() {};
  }

  /** Something begins that may take a while. */
  default void phase(String what) {}

  /**
   * How far the phase is.
   *
   * @param done parts done
   * @param all parts in all
   * @param note a few words, such as the loss
   */
  default void progress(long done, long all, String note) {}

  /** Asked often; true ends the run, which removes what it wrote. */
  default boolean stop() {
    return false;
  }
}

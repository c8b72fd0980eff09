// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

/** Training cannot go on: the loss or a weight is no longer a finite number. */
public final class TrainingFailure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long step;
  private final String what;

  /**
   * A failure.
   *
   * @param step batches completed before the one that failed
   * @param what what was found, e.g. {@code "loss is NaN"}
   */
  public TrainingFailure(long step, String what) {
    super(
        "training stopped at step %d: %s; try a lower learning rate, and check the data for NaN"
            .formatted(step, what));
    this.step = step;
    this.what = what;
  }

  /** Batches completed before the one that failed; 0 for the first batch. */
  public long step() {
    return step;
  }

  /** What was found. */
  public String what() {
    return what;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import io.sparseland.core.Masks;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Training cannot go on: the loss or a weight is no longer a finite number. */
public final class TrainingFailure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long step;
  private final String what;
  private final transient @Nullable Masks masks;

  /**
   * A failure.
   *
   * @param step batches completed before the one that failed
   * @param what what was found, e.g. {@code "loss is NaN"}
   */
  public TrainingFailure(long step, String what) {
    this(step, what, null);
  }

  private TrainingFailure(long step, String what, @Nullable Masks masks) {
    super(
        "training stopped at step %d: %s; try a lower learning rate, and check the data for NaN"
            .formatted(step, what));
    this.step = step;
    this.what = what;
    this.masks = masks;
  }

  /** Batches completed before the one that failed; 0 for the first batch. */
  public long step() {
    return step;
  }

  /** The masks at the last completed step, of no layer where training was dense. */
  public Masks masks() {
    return masks == null ? new Masks(Map.of()) : masks;
  }

  TrainingFailure with(Masks present) {
    return new TrainingFailure(step, what, present);
  }

  /** What was found. */
  public String what() {
    return what;
  }
}

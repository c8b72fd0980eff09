// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import java.nio.file.Path;
import java.util.Optional;

/** What a caller of {@link TrainLoop} may watch and ask for; every method has a quiet default. */
public interface TrainHooks {

  /** Nobody watches. */
  static TrainHooks none() {
    return new TrainHooks() {};
  }

  /** Called after every step, on the training thread; must be quick. */
  default void progress(TrainProgress progress) {}

  /**
   * Where the state of a run that {@link #stop} ends is written, so that {@link TrainLoop#resume}
   * can go on from there; unless said, nowhere.
   */
  default Optional<Path> stateFile() {
    return Optional.empty();
  }

  /** Asked before every step; true ends the run cleanly at this step boundary. */
  default boolean stop() {
    return false;
  }
}

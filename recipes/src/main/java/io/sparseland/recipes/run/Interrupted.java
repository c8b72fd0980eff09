// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import io.sparseland.recipes.Failure;

/** The watcher asked to stop. */
final class Interrupted extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** The same as a failure of the run. */
  Failure failure() {
    return Failure.interrupted(this);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

/** Something that stops a command, with the exit code that scripts see. */
public final class Failure extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** Usage or recipe. */
  public static final int USAGE = 2;

  /** Bad data or model file, NaN in weights or loss. */
  public static final int BAD_INPUT = 3;

  /** {@code expect} not met. */
  public static final int EXPECTATION = 4;

  /** Out of memory, disk or time; output that cannot be written. */
  public static final int RESOURCES = 5;

  /** Interrupted by the user. */
  public static final int INTERRUPTED = 130;

  private final int exitCode;

  /** A failure with the message that the user reads. */
  public Failure(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /** A failure that another exception tells more about. */
  public Failure(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** The user's signal ended it. */
  public static Failure interrupted(Throwable cause) {
    return new Failure(INTERRUPTED, "interrupted; nothing was written", cause);
  }

  /** What the process ends with. */
  public int exitCode() {
    return exitCode;
  }
}

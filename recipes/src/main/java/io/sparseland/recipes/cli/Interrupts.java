// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * SIGINT and SIGTERM: the first asks the command to stop at its next step and to remove what is
 * half-written; the process then ends with the signal's code (130 for SIGINT).
 */
final class Interrupts {

  private static final long PATIENCE_SECONDS = 20;

  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean stop;

  private Interrupts() {}

  /** Listens to the process's signals. */
  static Interrupts install() {
    Interrupts interrupts = new Interrupts();
    Runtime.getRuntime().addShutdownHook(new Thread(interrupts::shutdown, "interrupt"));
    return interrupts;
  }

  /** Never stops anything. */
  static Interrupts never() {
    return new Interrupts();
  }

  /** Whether to stop now. */
  boolean stop() {
    return stop;
  }

  /** Asks to stop, as a signal does. */
  void request() {
    stop = true;
  }

  /** The command has ended. */
  void done() {
    finished.countDown();
  }

  private void shutdown() {
    if (finished.getCount() > 0) {
      stop = true;
      try {
        if (!finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          System.err.println("interrupted; the command did not stop in time");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

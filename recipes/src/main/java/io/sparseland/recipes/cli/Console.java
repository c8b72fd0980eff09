// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.run.Json;
import java.io.PrintStream;

/** Where a command's results, messages and progress go. */
final class Console {

  private final PrintStream out;
  private final PrintStream err;
  private final Interrupts interrupts;
  private boolean json;
  private boolean quiet;
  private boolean verbose;

  Console(PrintStream out, PrintStream err, Interrupts interrupts) {
    this.out = out;
    this.err = err;
    this.interrupts = interrupts;
  }

  void set(boolean json, boolean quiet, boolean verbose) {
    this.json = json;
    this.quiet = quiet;
    this.verbose = verbose;
  }

  boolean json() {
    return json;
  }

  boolean quiet() {
    return quiet;
  }

  boolean verbose() {
    return verbose;
  }

  PrintStream err() {
    return err;
  }

  Interrupts interrupts() {
    return interrupts;
  }

  /** Text on standard output. */
  void result(String text) {
    out.println(text);
    out.flush();
  }

  /** One JSON document on standard output. */
  void document(Object value) {
    result(Json.write(value));
  }

  /** A line on standard error, unless quiet. */
  void message(String text) {
    if (!quiet) {
      err.println(text);
    }
  }
}

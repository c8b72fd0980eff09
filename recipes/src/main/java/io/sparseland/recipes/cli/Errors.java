// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.core.graph.TraceException;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.language.RecipeException;
import io.sparseland.training.TrainingFailure;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;

/** Turns what was thrown into one message and an exit code. */
final class Errors {

  private static final int BUG = 1;

  /** What the JVM answers to a new shutdown hook, of a library that loads, after a signal. */
  private static final String ENDING = "Shutdown in progress";

  private Errors() {}

  static int report(Throwable thrown, PrintStream err, boolean stacktrace) {
    Throwable e = signalled(thrown) ? Failure.interrupted(thrown) : thrown;
    if (e instanceof RecipeException recipe) {
      recipe.mistakes().forEach(m -> err.println("error: " + m));
    } else {
      err.println("error: " + message(e));
    }
    if (stacktrace) {
      e.printStackTrace(err);
    }
    return code(e);
  }

  /** A signal came while something was about to load. */
  private static boolean signalled(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof IllegalStateException && ENDING.equals(cause.getMessage())) {
        return true;
      }
    }
    return false;
  }

  private static String message(Throwable e) {
    if (e instanceof UncheckedIOException && e.getCause() instanceof IOException cause) {
      return message(cause); // its own text would begin with a class name
    }
    if (e instanceof OutOfMemoryError) {
      return "out of memory: "
          + e.getMessage()
          + "; give Java more with SPARSELAND_JAVA_OPTIONS=-Xmx8g, or use smaller batches";
    }
    if (code(e) == BUG) {
      return "this is a bug in sparseland: "
          + e
          + "; please report it with what --stacktrace prints";
    }
    if (e instanceof NoSuchFileException || e instanceof FileNotFoundException) {
      return "no such file: " + e.getMessage();
    }
    if (e instanceof java.nio.file.FileSystemException file && file.getReason() == null) {
      return e.getClass().getSimpleName().replace("Exception", "") + ": " + file.getFile();
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private static int code(Throwable e) {
    if (e instanceof Failure failure) {
      return failure.exitCode();
    }
    if (e instanceof FormatException
        || e instanceof TrainingFailure
        || e instanceof TraceException
        || e instanceof NoSuchFileException
        || e instanceof FileNotFoundException) {
      return Failure.BAD_INPUT;
    }
    if (e instanceof RecipeException || e instanceof IllegalArgumentException) {
      return Failure.USAGE;
    }
    if (e instanceof IOException
        || e instanceof UncheckedIOException
        || e instanceof OutOfMemoryError) {
      return Failure.RESOURCES;
    }
    return BUG;
  }
}

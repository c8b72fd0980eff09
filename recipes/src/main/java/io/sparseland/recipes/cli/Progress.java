// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.run.Watcher;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Progress on standard error: a bar with the time left on a terminal, else a line now and then;
 * nothing when quiet.
 */
final class Progress implements Watcher, AutoCloseable {

  private static final int WIDTH = 100;
  private static final double SECONDS_BETWEEN_LINES = 5;

  private final Console console;
  private final boolean bars;
  private String phase = "";
  private long began = System.nanoTime();
  private long lastLine;
  private @Nullable ProgressBar bar;

  private Progress(Console console, boolean bars) {
    this.console = console;
    this.bars = bars;
  }

  static Progress of(Console console) {
    boolean terminal = Boolean.getBoolean("sparseland.terminal");
    return new Progress(console, terminal && !console.quiet());
  }

  @Override
  public void phase(String what) {
    close();
    phase = what;
    began = System.nanoTime();
    lastLine = began;
    console.message(what + "...");
  }

  @Override
  public void progress(long done, long all, String note) {
    if (bars) {
      ProgressBar shown = bar;
      if (shown == null) {
        shown = newBar(all);
        bar = shown;
      }
      shown.stepTo(done).setExtraMessage(" " + note);
    } else if (since(lastLine) >= SECONDS_BETWEEN_LINES) {
      lastLine = System.nanoTime();
      double left = done == 0 ? 0 : since(began) / done * (all - done);
      console.message(
          String.format(
              Locale.ROOT, "%s: %d of %d, %s, about %.0f s left", phase, done, all, note, left));
    }
  }

  @Override
  public boolean stop() {
    return console.interrupts().stop();
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }

  private ProgressBar newBar(long all) {
    return new ProgressBarBuilder()
        .setTaskName(phase)
        .setInitialMax(all)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(250)
        .setEtaFunction(
            state ->
                state.getCurrent() == 0
                    ? java.util.Optional.empty()
                    : java.util.Optional.of(
                        Duration.ofMillis(
                            (long)
                                (since(began)
                                    * 1000
                                    / state.getCurrent()
                                    * (state.getMax() - state.getCurrent())))))
        .setConsumer(new ConsoleProgressBarConsumer(console.err(), WIDTH))
        .build();
  }

  private static double since(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}

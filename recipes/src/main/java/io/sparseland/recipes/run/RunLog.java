// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What happened, one line an event; ends up as {@code run.log}. */
final class RunLog {

  private static final Logger LOGGER = LoggerFactory.getLogger("sparseland.run");

  private final StringBuilder lines = new StringBuilder();

  /** Notes an event with {@code key, value, key, value, ...}. */
  void event(String name, Object... values) {
    StringBuilder line = new StringBuilder("event=").append(name);
    for (int i = 0; i + 1 < values.length; i += 2) {
      line.append(' ').append(values[i]).append('=').append(values[i + 1]);
    }
    LOGGER.info("{}", line);
    lines
        .append(Instant.now().truncatedTo(ChronoUnit.MILLIS))
        .append(' ')
        .append(line)
        .append('\n');
  }

  String text() {
    return lines.toString();
  }
}

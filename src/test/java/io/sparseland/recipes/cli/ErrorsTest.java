// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ErrorsTest {

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  @Test
  void a_library_that_cannot_load_after_a_signal_is_an_interrupt_and_no_bug() {
    Throwable refused =
        new ExceptionInInitializerError(new IllegalStateException("Shutdown in progress"));

    assertThat(report(refused)).isEqualTo(130);
    assertThat(text()).isEqualTo("error: interrupted; nothing was written\n");
  }

  @Test
  void another_state_is_a_bug() {
    assertThat(report(new IllegalStateException("Shutdown of the pool"))).isEqualTo(1);
    assertThat(text()).contains("this is a bug in sparseland", "Shutdown of the pool");
  }

  private int report(Throwable e) {
    return Errors.report(e, new PrintStream(printed), false);
  }

  private String text() {
    return printed.toString(StandardCharsets.UTF_8);
  }
}

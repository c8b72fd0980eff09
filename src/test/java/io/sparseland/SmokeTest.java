// SPDX-License-Identifier: Apache-2.0
package io.sparseland;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import org.junit.jupiter.api.Test;

class SmokeTest {

  @Test
  void pytorch_is_there() {
    assertThat(Engine.hasEngine("PyTorch")).isTrue();
    assertThat(Engine.getEngine("PyTorch").getVersion()).isEqualTo("2.7.1");
  }
}

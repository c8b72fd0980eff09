// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparseland.kernels.Kernels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code bench kernels}: its options, and the shape of what it prints; no times. */
class BenchKernelsTest {

  private static final String[] TINY = {
    "--no-peers",
    "--rounds=1",
    "--types=fp32",
    "--patterns=unstructured",
    "--shapes=48x40",
    "--tokens=1,17",
    "--sparsities=0.75",
    "--threads=1"
  };

  private final String home = System.getProperty("sparseland.home", "");

  @BeforeEach
  void runs_in_this_checkout() {
    System.setProperty("sparseland.home", System.getProperty("sparseland.root"));
  }

  @AfterEach
  void restores_the_home() {
    if (home.isEmpty()) {
      System.clearProperty("sparseland.home");
    } else {
      System.setProperty("sparseland.home", home);
    }
  }

  @Test
  void without_the_sources_it_says_where_to_run() {
    System.setProperty("sparseland.home", "/nowhere");

    Cli bench = Cli.run("bench", "kernels", "--quick");

    assertThat(bench.code()).isEqualTo(2);
    assertThat(bench.err()).contains("run ./sparseland in a checkout");
  }

  @Test
  void options_are_checked_and_a_model_is_still_asked_for() {
    assertThat(Cli.run("bench", "kernels", "--quik").err()).contains("--quick");
    assertThat(Cli.run("bench", "kernels", "--json", "--csv").err()).contains("not both");
    assertThat(Cli.run("bench").code()).isEqualTo(2);
    assertThat(Cli.run("bench").err()).contains("MODEL", "kernels");
    assertThat(Cli.run("bench", "kernels", "--help").code()).isZero();
  }

  @Test
  @Tag("slow")
  void prints_one_json_object_with_the_machine_and_a_row_per_layout() throws IOException {
    assumeNative();

    Cli bench = tiny("--json");

    assertThat(bench.code()).as(bench.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(bench.out());
    assertThat(json.path("machine").path("cpu").asText()).isNotEmpty();
    assertThat(json.path("machine").path("threads").asInt()).isPositive();
    List<String> rows = new ArrayList<>();
    for (JsonNode row : json.path("rows")) {
      rows.add(row.path("m").asText() + " " + row.path("layout").asText());
      assertThat(row.path("type").asText()).isEqualTo("fp32");
      assertThat(row.path("pattern").asText()).isEqualTo("unstructured");
      assertThat(row.path("n").asInt()).isEqualTo(48);
      assertThat(row.path("k").asInt()).isEqualTo(40);
      assertThat(row.path("sparsity").asDouble()).isEqualTo(0.75);
      assertThat(row.path("threads").asInt()).isEqualTo(1);
      assertThat(row.path("design").asText()).isNotEmpty();
      assertThat(row.path("dense").asText()).isEqualTo("our dense");
      assertThat(row.path("peer_ratios").isObject()).isTrue();
      assertThat(row.path("peer_ratios")).isEmpty();
      for (String number :
          List.of("ratio_to_dense", "best_ratio", "spread", "share_of_peak", "bytes_per_second")) {
        assertThat(row.path(number).isNumber()).as(number).isTrue();
      }
    }
    // one token has one layout; 17 are measured in panels too
    assertThat(rows).containsExactly("1 rows", "17 rows", "17 panels");
  }

  @Test
  @Tag("slow")
  void prints_a_table_values_and_a_sweep() {
    assumeNative();

    assertThat(tiny().out()).contains("cpu ", "ratio", "48x40");
    assertThat(tiny("--csv").out().lines()).hasSize(4).first().asString().startsWith("type,");
    // 2 token counts x 1 sparsity
    assertThat(tiny("--sweep").out()).startsWith("2 points, ");
  }

  @Test
  @Tag("slow")
  void mistakes_in_values_end_with_2_and_name_the_value() {
    assumeNative();

    Cli shape = Cli.run("bench", "kernels", "--shapes=48");
    Cli filter = Cli.run("bench", "kernels", "--filter=nothing like this");
    Cli goals = Cli.run("bench", "kernels", "--goals", "--tokens=1");

    assertThat(shape.code()).isEqualTo(2);
    assertThat(shape.err()).contains("shape '48'", "outputs x inputs");
    assertThat(goals.code()).isEqualTo(2);
    assertThat(goals.err()).contains("--filter");
    assertThat(filter.code()).isEqualTo(2);
    assertThat(filter.err()).contains("no row matches 'nothing like this'");
  }

  private static Cli tiny(String... more) {
    List<String> words = new ArrayList<>(List.of("bench", "kernels"));
    words.addAll(List.of(TINY));
    words.addAll(List.of(more));
    return Cli.run(words.toArray(String[]::new));
  }

  /** Where the native kernels were built, a compiler and CMake are there. */
  private static void assumeNative() {
    assumeTrue(Kernels.levels().contains("scalar"), "no native kernels in this build");
  }
}

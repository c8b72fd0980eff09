// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sparseland.kernels.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CostTableTest {

  private static CostTable.Row row(String pattern, int tokens, int size, double... csr) {
    SortedMap<String, List<Double>> costs = new TreeMap<>();
    costs.put("dense", List.of(1.0, 1.0));
    costs.put("csr", List.of(csr[0], csr[1]));
    return new CostTable.Row(
        WeightType.FP32, pattern, tokens, size, size, List.of(0.5, 0.9), costs);
  }

  private static final CostTable TABLE =
      new CostTable(
          "made-up",
          "no machine",
          List.of(
              row("unstructured", 1, 100, 2, 0.4),
              row("unstructured", 32, 100, 1.6, 0.8),
              row("unstructured", 32, 1000, 1.2, 0.6),
              row("4x1", 32, 100, 0.9, 0.3),
              row("4x4", 32, 100, 0.7, 0.2)));

  private static double csr(String pattern, int tokens, int size, double sparsity) {
    Map<String, Double> costs =
        TABLE.costs(WeightType.FP32, pattern, tokens, (double) size * size, sparsity);
    assertThat(costs.get("dense")).isEqualTo(1);
    return requireNonNull(costs.get("csr"));
  }

  @ParameterizedTest
  @CsvSource({
    "unstructured, 1, 100, 0.5, 2", // a measured point
    "unstructured, 1, 100, 0.6, 1.6", // a quarter of the way from 2 to 0.4
    "unstructured, 1, 100, 0.99, 0.4", // beyond the last point
    "unstructured, 1, 100, 0.1, 2", // before the first
    "unstructured, 5, 100, 0.9, 0.4", // 5 is nearer to 1 than to 32, by ratio
    "unstructured, 6, 100, 0.9, 0.8",
    "unstructured, 32, 400, 0.9, 0.6", // 400 is nearer to 1000 than to 100
    "2:4, 32, 100, 0.5, 1.6", // no row of its own: single weights
    "row, 32, 100, 0.5, 1.6",
    "4x1, 32, 100, 0.9, 0.3",
    "8x2, 32, 100, 0.9, 0.3", // 4x1 tiles it, 4x4 does not
    "16x4, 32, 100, 0.9, 0.2",
    "1x4, 32, 100, 0.9, 0.8"
  })
  void costs_come_from_the_nearest_row(
      String pattern, int tokens, int size, double sparsity, double expected) {
    assertThat(csr(pattern, tokens, size, sparsity))
        .isCloseTo(expected, org.assertj.core.api.Assertions.within(1e-12));
  }

  @Test
  void a_type_without_rows_is_refused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TABLE.costs(WeightType.INT8, "4x1", 1, 100, 0.5))
        .withMessage("profile 'made-up' has no row for INT8 unstructured");
  }

  @Test
  void a_table_is_read_as_it_was_written(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("table.json");
    Files.writeString(file, TABLE.toJson());

    assertThat(CostTable.of(file.toString())).isEqualTo(TABLE);
  }

  @ParameterizedTest
  @CsvSource({"generic", "zen4-avx512"})
  void the_profiles_that_come_along_have_every_type(String name) {
    CostTable table = CostTable.of(name);

    assertThat(table.name()).isEqualTo(name);
    for (WeightType type : WeightType.values()) {
      for (int tokens : new int[] {1, 32}) {
        assertThat(table.costs(type, "4x1", tokens, 1e6, 0.9)).containsKey("csr");
      }
    }
  }

  @Test
  void an_unknown_name_is_refused_with_those_there_are() {
    for (String name : List.of("zen9", "../generic", "")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CostTable.of(name))
          .withMessageStartingWith("no profile '" + name + "'; allowed: 'generic', 'zen4-avx512'");
    }
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"version\" : 1|\"version\" : 2|from 1 to 1",
        "sparseland-costs|other|\"sparseland-costs\"",
        "\"name\" : \"made-up\"|\"name\" : \"Made up\"|profile 'Made up'",
        "\"type\" : \"fp32\"|\"type\" : \"fp64\"|a sound row",
        "\"tokens\" : 1|\"tokens\" : 0|from 1 to",
        "[ 0.5000, 0.9000 ]|[ 0.9000, 0.5000 ]|do not rise",
        "[ 0.5000, 0.9000 ]|[ 0.5000, 1.9000 ]|do not rise",
        "[ 2.0000, 0.4000 ]|[ 2.0000 ]|allowed: 2 positive numbers",
        "[ 2.0000, 0.4000 ]|[ 2.0000, -1 ]|allowed: 2 positive numbers",
        "[ 2.0000, 0.4000 ]|[ 2.0000, 1e999 ]|a finite number",
        "\"machine\"|\"more\" : 1, \"machine\"|the unknown field 'more'",
      })
  void a_wrong_file_is_refused(String from, String to, String message) {
    String text = TABLE.toJson();
    String edited = text.replace(from, to);
    assertThat(edited).isNotEqualTo(text);

    assertThatExceptionOfType(FormatException.class)
        .isThrownBy(() -> CostTable.read("table.json", edited.getBytes(UTF_8)))
        .withMessageContaining("table.json")
        .withMessageContaining(message);
  }
}

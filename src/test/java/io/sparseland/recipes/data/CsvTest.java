// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvTest {

  @TempDir Path folder;
  private DataFolders folders;

  @BeforeEach
  void write() throws IOException {
    folders = new DataFolders(Optional.of(folder), List.of(), false);
    file("train.csv", "a,kind,b\n1,cat,10\n3,ant,10\n\"1\",cat,10\n3,dog,10\n");
    file("test.csv", "a,kind,b\n5,dog,11\n");
  }

  private void file(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private Csv csv(Optional<String> test, String... features) {
    return new Csv("train.csv", "kind", test, List.of(features), ",", 2);
  }

  @Test
  void features_are_scaled_by_the_training_rows_and_words_numbered() throws IOException {
    LabelledData data = csv(Optional.of("test.csv")).open(folders);

    // a: mean 2, deviation 1; b is constant
    assertThat(data.train().inputs(0, 4))
        .containsExactly(new float[] {-1, 0, 1, 0, -1, 0, 1, 0}, within(1e-6f));
    assertThat(data.test().inputs(0, 1)).containsExactly(new float[] {3, 1}, within(1e-6f));
    assertThat(List.of(0, 1, 2, 3).stream().map(data.train()::label)).containsExactly(1, 0, 1, 2);
    assertThat(data.test().label(0)).isEqualTo(2);
    assertThat(csv(Optional.empty()).facts(folders).example()).containsExactly(2);
  }

  @Test
  void numbers_stay_the_classes_they_are_and_the_last_tenth_is_held_out() throws IOException {
    StringBuilder text = new StringBuilder("x;y\n");
    for (int i = 0; i < 20; i++) {
      text.append(i).append(';').append(i % 3 == 0 ? 7 : 2).append('\n');
    }
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(folder.resolve("n.csv.gz")))) {
      out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    LabelledData data =
        new Csv("n.csv.gz", "y", Optional.empty(), List.of("x"), ";", 4).open(folders);

    assertThat(data.train().size()).isEqualTo(18);
    assertThat(data.test().size()).isEqualTo(2);
    assertThat(data.largestLabel()).isEqualTo(7);
    assertThat(data.test().label(0)).isEqualTo(7);
    assertThat(data.note()).hasValueSatisfying(n -> assertThat(n).contains("last 2 of 20 rows"));
  }

  @Test
  void what_does_not_fit_is_named_with_its_place() throws IOException {
    assertThatThrownBy(() -> csv(Optional.empty(), "c").open(folders))
        .isInstanceOf(FormatException.class)
        .hasMessageContainingAll("train.csv", "no column 'c'", "a, kind, b");
    file("test.csv", "a,kind,b\n5,bee,11\n");
    assertThatThrownBy(() -> csv(Optional.of("test.csv")).open(folders))
        .hasMessageContaining("label 'bee' in row 1");
    file("test.csv", "a,kind,b\n5,dog,11\nNaN,dog,2\n");
    assertThatThrownBy(() -> csv(Optional.of("test.csv")).open(folders))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("'NaN' in row 2, column 'a'");
    file("test.csv", "a,kind,b\n");
    assertThatThrownBy(() -> csv(Optional.of("test.csv")).open(folders))
        .hasMessageContaining("no row");
    assertThatThrownBy(() -> csv(Optional.empty(), "kind"))
        .hasMessageContaining("column 'kind' is the label");
  }
}

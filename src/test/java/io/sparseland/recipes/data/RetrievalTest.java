// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetrievalTest {

  @TempDir Path folder;

  @Test
  void gains_fall_with_the_logarithm_of_the_rank() {
    // ranks 1 and 3 are relevant: (1 + 1/2) of the best order's (1 + 1/log2 3)
    double[] scores = {0.9, 0.8, 0.7, 0.1};
    double log3 = Math.log(3) / Math.log(2);

    assertThat(RetrievalData.ndcg(scores, Set.of(0, 2)))
        .isCloseTo(1.5 / (1 + 1 / log3), within(1e-12));
    assertThat(RetrievalData.ndcg(scores, Set.of(0, 1))).isCloseTo(1, within(1e-12));
  }

  @Test
  void of_equal_scores_the_earlier_document_comes_first_and_only_ten_count() {
    assertThat(RetrievalData.ndcg(new double[11], Set.of(0))).isCloseTo(1, within(1e-12));
    assertThat(RetrievalData.ndcg(new double[11], Set.of(10))).isZero();
  }

  @Test
  void records_are_titles_and_texts_and_judgements_count_from_one() throws IOException {
    Cranfield texts = read("1 2 3\n2 1 -1\n");

    assertThat(texts.documents()).containsExactly("wings of aeroplanes", "heat");
    assertThat(texts.queries()).containsExactly("what is lift", "what is heat");
    assertThat(texts.relevant()).isEqualTo(Map.of(0, Set.of(1)));
  }

  @Test
  void judgements_of_what_is_not_there_are_refused() {
    for (String line : List.of("3 1 1", "1 9 1", "1 2", "one 2 3")) {
      assertThatThrownBy(() -> read(line))
          .isInstanceOf(FormatException.class)
          .hasMessageContaining(line)
          .hasMessageContaining("a document of 1 to 2");
    }
  }

  @Test
  void cosines_of_the_same_vectors_are_one_and_of_opposite_ones_minus_one() {
    Evaluation found = new Evaluation(Map.of(), List.of(new double[] {3, 4}, new double[] {1, 0}));

    assertThat(found.cosine(List.of(new double[] {6, 8}, new double[] {2, 0})))
        .isCloseTo(1, within(1e-12));
    assertThat(found.cosine(List.of(new double[] {-3, -4}, new double[] {1, 0})))
        .isCloseTo(0, within(1e-12));
  }

  private Cranfield read(String judgements) throws IOException {
    Path documents =
        Files.writeString(
            folder.resolve("d"),
            ".I 1\n.T\nwings of\n.A\nsomebody\n.W\naeroplanes\n.I 2\n.T\n.W\nheat\n");
    Path queries =
        Files.writeString(
            folder.resolve("q"), ".I 001\n.W\nwhat is lift\n.I 004\n.W\nwhat is heat\n");
    Path judged = Files.writeString(folder.resolve("j"), judgements);
    return Cranfield.read(documents, queries, judged);
  }
}

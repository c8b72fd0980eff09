// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.models.files.OpenModel;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.util.List;

/**
 * A retrieval folder: documents are ranked by the cosine of their vector with the query's. Scored
 * by nDCG@10 with binary relevance, mean over the queries that have a relevant document. Calibrated
 * on documents.
 *
 * @param folder with the three files
 * @param documents file in the form of Cranfield
 * @param queries file in the same form
 * @param judgements file of lines: query, document, code (relevant from 1 on)
 * @param length most tokens of a text
 * @param batch texts at once
 */
public record Retrieval(
    String folder,
    @Default("cran.all.1400.gz") String documents,
    @Default("cran.qry.gz") String queries,
    @Default("cranqrel.gz") String judgements,
    @Default("128") int length,
    @Default("32") int batch)
    implements DataSource {

  /** Checks the numbers. */
  public Retrieval {
    Sizes.batch(batch);
    if (length < 3) {
      throw new IllegalArgumentException("length " + length + " must be at least 3");
    }
  }

  @Override
  public String metric() {
    return RetrievalData.METRIC;
  }

  @Override
  public int testBatch() {
    return SentenceVectors.BATCH;
  }

  @Override
  public DataFacts facts(DataFolders folders) {
    return new DataFacts(List.of(length), 0, 0, "documents of about that size");
  }

  @Override
  public DataSet open(DataFolders folders, OpenModel model) throws IOException {
    Cranfield texts =
        Cranfield.read(
            folders.find(folder + "/" + documents),
            folders.find(folder + "/" + queries),
            folders.find(folder + "/" + judgements));
    try (Tokenizer tokenizer = model.tokenizer()) {
      List<int[]> all = texts.documents().stream().map(t -> tokenizer.sentence(t, length)).toList();
      List<int[]> asked = texts.queries().stream().map(t -> tokenizer.sentence(t, length)).toList();
      return new RetrievalData(all, asked, texts.relevant(), Texts.digest(List.of(all, asked)));
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.models.files.OpenModel;
import java.io.IOException;

/** Data with labels: what a model can be trained on, exported and measured with. */
public interface LabelledSource extends DataSource {

  @Override
  default String metric() {
    return "accuracy";
  }

  @Override
  default boolean trains() {
    return true;
  }

  @Override
  default int testBatch() {
    return LabelledData.TEST_BATCH;
  }

  /** Reads everything into memory; as {@link DataSource#open}. */
  LabelledData open(DataFolders folders) throws IOException;

  @Override
  default LabelledData open(DataFolders folders, OpenModel model) throws IOException {
    return open(folders);
  }
}

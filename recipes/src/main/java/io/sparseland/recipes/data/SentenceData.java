// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Calibrator;
import io.sparseland.core.SensitivityScan;
import java.util.ArrayList;
import java.util.List;

/**
 * Sentences that a model makes vectors of. Only sentences of one length share a batch, so there is
 * no padding that statistics would have to leave out.
 */
interface SentenceData extends TokenData {

  /** Vectors have no classes. */
  @Override
  default int largestLabel() {
    return -1;
  }

  /** Sentence 0, k, 2k, ... with the smallest k that gives no more than the samples asked for. */
  @Override
  default List<Calibrator.Labelled> calibration(NDManager manager, int samples, int batch) {
    List<int[]> sentences = calibration();
    int step = (sentences.size() + samples - 1) / samples;
    List<int[]> chosen = new ArrayList<>();
    for (int i = 0; i < sentences.size(); i += step) {
      chosen.add(sentences.get(i));
    }
    List<Calibrator.Labelled> all = new ArrayList<>();
    for (List<Integer> part : SentenceVectors.batches(chosen, batch)) {
      NDArray seed = manager.create(new long[] {all.size()});
      NDList ids = new NDList(SentenceVectors.ids(manager, chosen, part));
      all.add(new Calibrator.Labelled(ids, new NDList(seed)));
    }
    return all;
  }

  @Override
  default SensitivityScan.Difference difference() {
    return SensitivityScan.Difference.DISTANCE;
  }

  @Override
  default Loss loss() {
    return new OutputNoise();
  }
}

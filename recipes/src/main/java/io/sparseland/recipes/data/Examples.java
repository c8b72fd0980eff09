// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.NDArray;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.RandomAccessDataset;
import java.util.Optional;

/**
 * Examples in memory.
 *
 * @param train {@code [n, ...]} float, pixels from 0 to 1
 * @param trainLabels {@code [n]} float, class numbers from 0
 * @param test {@code [m, ...]} float
 * @param testLabels {@code [m]} float
 * @param digest SHA-256 of the files, or a word that tells how the data was made
 * @param note what a reader of the report should know, for example that test examples were held out
 */
public record Examples(
    NDArray train,
    NDArray trainLabels,
    NDArray test,
    NDArray testLabels,
    String digest,
    Optional<String> note) {

  /** The training examples in an order drawn anew for each epoch. */
  public RandomAccessDataset training(int batch) {
    return dataset(train, trainLabels, batch, true);
  }

  /** The test examples in their order. */
  public RandomAccessDataset testing(int batch) {
    return dataset(test, testLabels, batch, false);
  }

  private static RandomAccessDataset dataset(
      NDArray data, NDArray labels, int batch, boolean shuffled) {
    return new ArrayDataset.Builder()
        .setData(data)
        .optLabels(labels)
        .setSampling(batch, shuffled)
        .build();
  }
}

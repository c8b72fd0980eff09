// SPDX-License-Identifier: Apache-2.0
package io.sparseland.examples;

import ai.djl.basicdataset.cv.classification.Mnist;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.Repository;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * MNIST through DJL's own data set class, from local files. DJL reads a folder that holds the four
 * unpacked files under its names; this unpacks them into a temporary one.
 */
final class MnistFiles implements AutoCloseable {

  /** DJL's names to those of the published files. */
  private static final Map<String, String> NAMES =
      Map.of(
          "train_data", "train-images-idx3-ubyte.gz",
          "train_labels", "train-labels-idx1-ubyte.gz",
          "test_data", "t10k-images-idx3-ubyte.gz",
          "test_labels", "t10k-labels-idx1-ubyte.gz");

  private final Path folder;
  private final NDManager manager;

  private MnistFiles(Path folder, NDManager manager) {
    this.folder = folder;
    this.manager = manager;
  }

  static MnistFiles unpack(Path zipped, NDManager manager) throws IOException {
    Path folder = Files.createTempDirectory("mnist");
    for (Map.Entry<String, String> name : NAMES.entrySet()) {
      try (InputStream in =
          new GZIPInputStream(Files.newInputStream(zipped.resolve(name.getValue())))) {
        Files.copy(in, folder.resolve(name.getKey()));
      }
    }
    return new MnistFiles(folder, manager);
  }

  /** The first so many training examples, shuffled. */
  RandomAccessDataset training(int batch, int examples) throws IOException {
    RandomAccessDataset all = set(Dataset.Usage.TRAIN, batch, true);
    return all.subDataset(0, (int) Math.min(examples, all.size()));
  }

  RandomAccessDataset test(int batch) throws IOException {
    return set(Dataset.Usage.TEST, batch, false);
  }

  private RandomAccessDataset set(Dataset.Usage usage, int batch, boolean shuffle)
      throws IOException {
    Mnist mnist =
        Mnist.builder()
            .optRepository(Repository.newInstance("local", folder))
            .optManager(manager)
            .optUsage(usage)
            .setSampling(batch, shuffle)
            .build();
    try {
      mnist.prepare();
    } catch (ai.djl.translate.TranslateException e) {
      throw new IOException("MNIST in " + folder, e);
    }
    return mnist;
  }

  @Override
  public void close() throws IOException {
    for (String name : NAMES.keySet()) {
      Files.deleteIfExists(folder.resolve(name));
    }
    Files.deleteIfExists(folder);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Application.CV;
import ai.djl.basicdataset.BasicDatasets;
import ai.djl.repository.Artifact;
import ai.djl.repository.MRL;
import ai.djl.repository.Repository;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * MNIST and the sets made in its likeness: four idx files of 60,000 and 10,000 grey images of 28x28
 * in ten classes, from a data folder, or downloaded by basicdataset when that is allowed.
 *
 * @param name the folder
 * @param artifact the name in DJL's repository
 */
record Digits(String name, String artifact) {

  private static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
  private static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
  private static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
  private static final String TEST_LABELS = "t10k-labels-idx1-ubyte";

  static final DataFacts FACTS =
      new DataFacts(List.of(1, 28, 28), 60_000, 10_000, "the published sizes");

  LabelledData open(DataFolders folders) throws IOException {
    Path folder = folders.holding(name, TRAIN_IMAGES).orElse(null);
    if (folder == null && folders.download()) {
      return download(BasicDatasets.REPOSITORY);
    }
    if (folder == null) {
      throw new FileNotFoundException(
          "no folder '%s' with %s.gz in %s; give it with --data DIR, or use --allow-download"
              .formatted(name, TRAIN_IMAGES, folders.searched()));
    }
    return in(folder);
  }

  /** The four files of a folder. */
  LabelledData in(Path folder) throws IOException {
    return IdxImages.examples(
        IdxImages.read(file(folder, TRAIN_IMAGES), file(folder, TRAIN_LABELS)),
        IdxImages.read(file(folder, TEST_IMAGES), file(folder, TEST_LABELS)));
  }

  /** Through DJL's repository; the files end up in its cache, so it is slow only once. */
  LabelledData download(Repository repository) throws IOException {
    MRL mrl = repository.dataset(CV.ANY, BasicDatasets.GROUP_ID, artifact);
    Artifact files = mrl.getDefaultArtifact();
    if (files == null) {
      throw new FileNotFoundException("DJL's repository has no data set '" + artifact + "'");
    }
    mrl.prepare(files); // no progress bar: DJL's writes to standard output
    return IdxImages.examples(
        IdxImages.read(
            item(repository, files, "train_data"), item(repository, files, "train_labels")),
        IdxImages.read(
            item(repository, files, "test_data"), item(repository, files, "test_labels")));
  }

  private static Path item(Repository repository, Artifact artifact, String key)
      throws IOException {
    Artifact.Item item = artifact.getFiles().get(key);
    if (item == null) {
      throw new FileNotFoundException("DJL's repository has no '" + key + "'");
    }
    return repository.getFile(item, "");
  }

  private static Path file(Path folder, String name) {
    Path zipped = folder.resolve(name + ".gz");
    return Files.exists(zipped) ? zipped : folder.resolve(name);
  }
}

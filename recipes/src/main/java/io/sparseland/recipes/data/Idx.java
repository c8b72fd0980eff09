// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.kernels.format.FormatException;
import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Labelled images from idx files; {@code {idx: {images: a, labels: b}}}.
 *
 * <p>Without test files the last tenth of the examples is held out and tested on.
 *
 * @param images relative to the data folders, or absolute
 * @param labels as many as images
 * @param testImages images to test on
 * @param testLabels their labels
 * @param batch examples per step
 */
public record Idx(
    String images,
    String labels,
    Optional<String> testImages,
    Optional<String> testLabels,
    @Default("64") int batch)
    implements LabelledSource {

  /** Checks that test files come as a pair. */
  public Idx {
    Sizes.batch(batch);
    if (testImages.isPresent() != testLabels.isPresent()) {
      throw new IllegalArgumentException(
          "test_images and test_labels go together: give both or none");
    }
  }

  @Override
  public DataFacts facts(DataFolders folders) throws IOException {
    List<Integer> sizes = IdxFile.header(folders.find(images)).dimensions();
    long all = sizes.get(0);
    long test =
        testImages.isPresent()
            ? IdxFile.header(folders.find(testImages.get())).count()
            : IdxImages.heldOut(all);
    long train = testImages.isPresent() ? all : all - test;
    return new DataFacts(IdxImages.example(sizes), train, test, "header of " + images);
  }

  @Override
  public LabelledData open(DataFolders folders) throws IOException {
    IdxImages train = read(folders, images, labels);
    if (testImages.isPresent() && testLabels.isPresent()) {
      IdxImages test = read(folders, testImages.get(), testLabels.get());
      if (!IdxImages.example(train.images().dimensions())
          .equals(IdxImages.example(test.images().dimensions()))) {
        throw new FormatException(
            testImages.get(),
            4,
            "images of " + IdxImages.example(test.images().dimensions()),
            "the size of the training images " + IdxImages.example(train.images().dimensions()));
      }
      return IdxImages.examples(train, test);
    }
    return train.splitOff();
  }

  private static IdxImages read(DataFolders folders, String images, String labels)
      throws IOException {
    Path imageFile = folders.find(images);
    return IdxImages.read(imageFile, folders.find(labels));
  }
}

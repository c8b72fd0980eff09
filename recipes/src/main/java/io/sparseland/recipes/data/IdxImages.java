// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Images and their labels, as bytes; checked to be equally many. */
record IdxImages(IdxFile images, IdxFile labels) {

  /**
   * Reads both files.
   *
   * @throws FormatException if they are not images and labels, or not equally many
   */
  static IdxImages read(Path imageFile, Path labelFile) throws IOException {
    IdxFile images = IdxFile.read(imageFile);
    IdxFile labels = IdxFile.read(labelFile);
    if (images.dimensions().size() < 2) {
      throw new FormatException(
          imageFile.toString(), 3, "one dimension: labels?", "images, two to four dimensions");
    }
    if (labels.dimensions().size() != 1) {
      throw new FormatException(
          labelFile.toString(),
          3,
          labels.dimensions().size() + " dimensions: images?",
          "labels, one dimension");
    }
    if (images.count() != labels.count()) {
      throw new FormatException(
          labelFile.toString(),
          4,
          labels.count() + " labels",
          images.count() + ", the number of images in " + imageFile);
    }
    return new IdxImages(images, labels);
  }

  /** Sizes of one example: {@code [1, height, width]} for grey images. */
  static List<Integer> example(List<Integer> dimensions) {
    List<Integer> example = new ArrayList<>(dimensions.subList(1, dimensions.size()));
    if (example.size() == 2) {
      example.add(0, 1);
    }
    return example;
  }

  /** How many of {@code all} examples are kept for testing when there are no test files. */
  static long heldOut(long all) {
    return Math.max(1, all / 10);
  }

  static LabelledData examples(IdxImages train, IdxImages test) {
    return new LabelledData(
        train.examples(0, train.count()),
        test.examples(0, test.count()),
        digest(train, test),
        Optional.empty());
  }

  /** The last tenth becomes the test examples. */
  LabelledData splitOff() {
    int train = count() - (int) heldOut(count());
    if (train < 1) {
      throw new IllegalArgumentException("one example cannot be split into training and test");
    }
    return new LabelledData(
        examples(0, train),
        examples(train, count()),
        digest(this),
        Optional.of(
            "no test files were given: the last %d of %d examples are tested on, not trained on"
                .formatted(count() - train, count())));
  }

  private int count() {
    return images.count();
  }

  private Samples examples(int from, int to) {
    Shape item =
        new Shape(example(images.dimensions()).stream().mapToLong(Integer::longValue).toArray());
    int size = Math.toIntExact(item.size());
    float[] pixels = new float[Math.multiplyExact(to - from, size)];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (images.data().get(from * size + i) & 0xff) / 255f;
    }
    float[] classes = new float[to - from];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = labels.data().get(from + i) & 0xff;
    }
    return new Samples(pixels, item, classes);
  }

  private static String digest(IdxImages... sets) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (IdxImages set : sets) {
        sha.update(set.images.data().duplicate());
        sha.update(set.labels.data().duplicate());
      }
      return "sha256:" + HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has SHA-256
    }
  }
}

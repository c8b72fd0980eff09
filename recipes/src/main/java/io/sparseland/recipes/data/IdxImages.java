// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
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

  static Examples examples(IdxImages train, IdxImages test, NDManager manager) {
    return new Examples(
        train.pixels(manager, 0, train.count()),
        train.classes(manager, 0, train.count()),
        test.pixels(manager, 0, test.count()),
        test.classes(manager, 0, test.count()),
        digest(train, test),
        Optional.empty());
  }

  /** The last tenth becomes the test examples. */
  Examples splitOff(NDManager manager) {
    int train = count() - (int) heldOut(count());
    if (train < 1) {
      throw new IllegalArgumentException("one example cannot be split into training and test");
    }
    return new Examples(
        pixels(manager, 0, train),
        classes(manager, 0, train),
        pixels(manager, train, count()),
        classes(manager, train, count()),
        digest(this),
        Optional.of(
            "no test files were given: the last %d of %d examples are tested on, not trained on"
                .formatted(count() - train, count())));
  }

  private int count() {
    return images.count();
  }

  private NDArray pixels(NDManager manager, int from, int to) {
    List<Integer> example = example(images.dimensions());
    int size = example.stream().reduce(1, Math::multiplyExact);
    long[] shape = new long[example.size() + 1];
    shape[0] = (long) to - from;
    for (int i = 0; i < example.size(); i++) {
      shape[i + 1] = example.get(i);
    }
    ByteBuffer bytes = images.data().slice(from * size, (to - from) * size);
    try (NDArray raw = manager.create(bytes, new Shape(shape), DataType.UINT8)) {
      return raw.toType(DataType.FLOAT32, true).divi(255f);
    }
  }

  private NDArray classes(NDManager manager, int from, int to) {
    float[] classes = new float[to - from];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = labels.data().get(from + i) & 0xff;
    }
    return manager.create(classes);
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

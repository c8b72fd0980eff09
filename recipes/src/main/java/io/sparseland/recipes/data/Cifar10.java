// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.types.Shape;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Files in the binary form of CIFAR-10, plain or gzipped: records of a label and 32x32 pixels of
 * red, then green, then blue. Pixels become {@code (value / 255 - mean) / deviation} with
 * ImageNet's means and deviations, as published networks for CIFAR-10 expect.
 *
 * @param train file to train and calibrate on
 * @param test file to score on
 * @param batch examples per step
 */
public record Cifar10(String train, String test, @Default("64") int batch)
    implements LabelledSource {

  private static final int PIXELS = 32 * 32;
  private static final int COLOURS = 3;
  private static final int RECORD = 1 + COLOURS * PIXELS;
  private static final int CLASSES = 10;
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

  /** Checks the batch. */
  public Cifar10 {
    Sizes.batch(batch);
  }

  @Override
  public DataFacts facts(DataFolders folders) throws IOException {
    return new DataFacts(
        List.of(COLOURS, 32, 32),
        Texts.size(folders.find(train)) / RECORD,
        Texts.size(folders.find(test)) / RECORD,
        "sizes of the files");
  }

  @Override
  public LabelledData open(DataFolders folders) throws IOException {
    byte[] trainBytes = read(folders.find(train));
    byte[] testBytes = read(folders.find(test));
    return new LabelledData(
        samples(trainBytes), samples(testBytes), digest(trainBytes, testBytes), Optional.empty());
  }

  private static byte[] read(Path file) throws IOException {
    byte[] bytes = Texts.bytes(file);
    if (bytes.length == 0 || bytes.length % RECORD != 0) {
      throw new FormatException(
          file.toString(), bytes.length, "the end of the file", "whole records of " + RECORD);
    }
    for (int at = 0; at < bytes.length; at += RECORD) {
      if (bytes[at] < 0 || bytes[at] >= CLASSES) {
        throw new FormatException(file.toString(), at, "label " + (bytes[at] & 0xff), "0 to 9");
      }
    }
    return bytes;
  }

  private static Samples samples(byte[] bytes) {
    int count = bytes.length / RECORD;
    float[] inputs = new float[count * COLOURS * PIXELS];
    float[] labels = new float[count];
    for (int i = 0; i < count; i++) {
      labels[i] = bytes[i * RECORD];
      for (int p = 0; p < COLOURS * PIXELS; p++) {
        float value = (bytes[i * RECORD + 1 + p] & 0xff) / 255f;
        int colour = p / PIXELS;
        inputs[i * COLOURS * PIXELS + p] = (value - MEAN[colour]) / DEVIATION[colour];
      }
    }
    return new Samples(inputs, new Shape(COLOURS, 32, 32), labels);
  }

  private static String digest(byte[]... files) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (byte[] file : files) {
        sha.update(file);
      }
      return "sha256:" + HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has SHA-256
    }
  }
}

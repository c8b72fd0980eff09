// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A command that was run inside this process. */
record Cli(int code, String out, String err) {

  static Cli run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            args,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Cli(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** A recipe that a few steps of training satisfy, on the 6x6 images of {@code IdxSamples}. */
  static Path recipe(Path folder) throws IOException {
    return Files.writeString(
        folder.resolve("tiny.yaml"),
        """
        version: 1
        name: tiny
        data: {idx: {images: train-images, labels: train-labels, batch: 20}}
        model: {mlp: [36, 24, 6]}
        steps:
          - train:
              epochs: 4
              optimizer: {sgd: {rate: 0.1, momentum: 0.9}}
              sparsity:
                - rigl: {sparsity: 0.5, every: 5 steps, on: {types: [linear]}}
          - export: {to: model}
          - evaluate
        expect: {accuracy: ">= 0.9", sparsity: ">= 0.5", max_abs_error: "< 1e-4"}
        """);
  }
}

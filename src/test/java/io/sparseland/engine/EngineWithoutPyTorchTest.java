// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import io.sparseland.core.export.ExportOptions;
import io.sparseland.core.export.Exporter;
import io.sparseland.core.export.Exports;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineWithoutPyTorchTest {

  @TempDir Path folder;

  @Test
  @Tag("slow")
  void predicts_alone_and_names_the_engine_it_lacks() throws Exception {
    List<String> expected;
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      expected = export(manager);
    }

    List<String> lines = runAlone();

    assertThat(lines).contains("default=Sparseland", "pytorch=false");
    List<String> found = lines.stream().filter(line -> line.startsWith("y=")).toList();
    assertThat(found).hasSize(2);
    for (int i = 0; i < 2; i++) {
      float[] y = numbers(found.get(i).substring(2));
      float[] wanted = numbers(expected.get(i));
      for (int j = 0; j < 3; j++) {
        assertThat(y[j]).isCloseTo(wanted[j], within(1e-6f));
      }
      assertThat(y[3]).isEqualTo(Math.max(y[0], Math.max(y[1], y[2]))); // at argMax
    }
    for (String operation : List.of("add", "addi", "relu", "normal")) {
      assertThat(lines)
          .anyMatch(
              line ->
                  line.startsWith(operation + ": ")
                      && line.contains("needs the PyTorch engine")
                      && line.contains("pytorch-engine"));
    }
  }

  /** Exports a small network; gives DJL's probabilities for the two inputs of the program. */
  private List<String> export(NDManager manager) {
    Block block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(40).build())
            .add(Activation::relu)
            .add(Linear.builder().setUnits(3).build());
    Shape shape = new Shape(1, 6);
    Exports.initialised(block, manager, 1, shape);
    NDArray x = manager.create(new float[] {1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0}, new Shape(2, 6));
    new Exporter()
        .export(
            block,
            shape,
            Exports.prune(block, 0.9, 2, shape),
            ExportOptions.named("alone"),
            folder.resolve("model"),
            new NDList(x));
    float[] y = Exports.predict(block, x).head().softmax(1).toFloatArray();
    return List.of(y[0] + " " + y[1] + " " + y[2], y[3] + " " + y[4] + " " + y[5]);
  }

  private static float[] numbers(String text) {
    String[] parts = text.split(" ", -1);
    float[] values = new float[parts.length];
    for (int i = 0; i < parts.length; i++) {
      values[i] = Float.parseFloat(parts[i]);
    }
    return values;
  }

  /**
   * Runs the program in a JVM whose class path has no other engine (PyTorch, tokenizers) and not
   * our core.
   */
  private List<String> runAlone() throws Exception {
    String all =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    String without =
        Arrays.stream(all.split(File.pathSeparator, -1))
            .filter(entry -> !entry.matches(".*(pytorch|tokenizers|core/target).*"))
            .collect(Collectors.joining(File.pathSeparator));
    Path output = folder.resolve("out.txt");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dai.djl.offline=true",
                "-cp",
                without,
                WithoutPyTorch.class.getName(),
                folder.resolve("model").toString(),
                output.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log.txt").toFile())
            .start();
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(folder.resolve("log.txt"))).isZero();
    return Files.readAllLines(output);
  }
}

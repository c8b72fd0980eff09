// SPDX-License-Identifier: Apache-2.0
package io.sparseland.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.modality.Classifications;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramsTest {

  private static final Path MNIST =
      Path.of(System.getProperty("sparseland.root"), "examples", "data", "mnist");

  @TempDir Path folder;

  @Test
  @Tag("slow")
  void a_network_trained_by_two_more_lines_is_served_by_djl() throws Exception {
    Path model = folder.resolve("model");

    String trained =
        printed(
            () ->
                TrainSparse.main(new String[] {MNIST.toString(), "1", "12800", model.toString()}));
    String drawn = printed(() -> Serve.main(new String[] {model.toString()}));

    assertThat(trained).containsPattern("accuracy=0\\.9\\d{3}");
    // 784*300 + 300*100 + 100*10 = 266,200 weights; floor(0.9 * 266,200) = 239,580 are pruned.
    assertThat(trained).contains("sparsity=0.9000 kept=26620");
    assertThat(drawn).contains("\"1\"");
    assertThat(right(model, 20)).isGreaterThanOrEqualTo(18);
  }

  /** How many of the first test digits the served model names. */
  private static int right(Path model, int count) throws Exception {
    int right = 0;
    try (DataInputStream images = idx("t10k-images-idx3-ubyte.gz", 16);
        DataInputStream labels = idx("t10k-labels-idx1-ubyte.gz", 8)) {
      for (int i = 0; i < count; i++) {
        byte[] bytes = images.readNBytes(28 * 28);
        float[] pixels = new float[bytes.length];
        for (int p = 0; p < bytes.length; p++) {
          pixels[p] = (bytes[p] & 0xFF) / 255f;
        }
        Classifications named = Serve.classify(model, pixels);
        right += named.best().getClassName().equals(labels.readByte() + "") ? 1 : 0;
      }
    }
    return right;
  }

  private static DataInputStream idx(String file, int header) throws IOException {
    DataInputStream in =
        new DataInputStream(new GZIPInputStream(Files.newInputStream(MNIST.resolve(file))));
    in.skipNBytes(header);
    return in;
  }

  private interface Program {
    void run() throws Exception;
  }

  private static String printed(Program program) throws Exception {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      program.run();
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}

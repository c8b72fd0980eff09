// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparseland.recipes.data.IdxSamples;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Output that cannot be written, at the command line: exit code 5, one message, nothing left. */
class FullDiskTest {

  /** 36 * 8000 + 8000 * 6 weights and 8006 biases: 1.4 MB as fp32, half of it in the export. */
  private static final String WIDE = "model.mlp=[36, 8000, 6]";

  @TempDir Path folder;
  private Path recipe;

  @BeforeEach
  void write() throws IOException {
    IdxSamples.write(folder, "train", 100, 1);
    recipe = Cli.recipe(folder);
  }

  @ParameterizedTest(name = "{index}: {0} KiB, {1}")
  @Tag("slow")
  @CsvSource({"500, model", "1000, checkpoint.safetensors"})
  void a_file_that_grows_too_large_ends_with_5_and_leaves_nothing(int kib, String file)
      throws Exception {
    Path runs = Files.createDirectory(folder.resolve("runs"));
    // The native library is too large a file as well: Java kernels run, so no level may be forced.
    String limit = "unset SPARSELAND_ISA && ulimit -f " + 2 * kib + " && exec \"$@\"";
    List<String> limited = List.of("sh", "-c", limit, "sh");

    Child run = Child.run(limited, run(runs.resolve("one")));

    assertThat(run.exit()).as(run.err()).isEqualTo(5);
    assertThat(errors(run)).singleElement().asString().contains("cannot write '", "too large");
    assertThat(errors(run).get(0)).containsPattern("/" + file + "'");
    assertThat(runs).isEmptyDirectory();
  }

  @Test
  @Tag("slow")
  void a_full_disk_ends_with_5_and_leaves_nothing() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    String mount = "mount -t tmpfs -o size=500k tmpfs \"$0\"";
    List<String> tiny = List.of("unshare", "--map-root-user", "--mount", "sh", "-c");
    assumeTrue(Child.run(tiny, List.of(mount, disk.toString())).exit() == 0, "may not mount");
    // The mount ends with the process, so it tells itself what is left there.
    String script = mount + " && { \"$@\"; code=$?; ls -A \"$0\"; exit $code; }";
    List<String> command = new ArrayList<>(List.of(script, disk.toString()));
    command.addAll(run(disk.resolve("one")));

    Child run = Child.run(tiny, command);

    assertThat(run.exit()).as(run.err()).isEqualTo(5);
    assertThat(errors(run))
        .singleElement()
        .asString()
        .contains("cannot write '", "/model'", "No space left on device");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void a_folder_where_nothing_can_be_made_ends_with_5_before_any_work() {
    assumeTrue(Files.isDirectory(Path.of("/proc/self"))); // not even root makes folders there

    Cli run = Cli.run("run", recipe.toString(), "--out", "/proc/sparseland");

    assertThat(run.code()).isEqualTo(5);
    assertThat(run.err())
        .contains("cannot write the run directory '/proc/sparseland'", "--out")
        .doesNotContain("training");
  }

  private List<String> run(Path out) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:-UsePerfData",
        "-Dai.djl.offline=true",
        "-Dai.djl.pytorch.num_threads=1",
        "-cp",
        System.getProperty("java.class.path"),
        Main.class.getName(),
        "run",
        recipe.toString(),
        "--set=" + WIDE,
        "--set=expect={}",
        "--out=" + out);
  }

  private static List<String> errors(Child child) {
    return child.err().lines().filter(line -> line.startsWith("error: ")).toList();
  }

  private record Child(int exit, String out, String err) {

    static Child run(List<String> prefix, List<String> command)
        throws IOException, InterruptedException {
      List<String> all = new ArrayList<>(prefix);
      all.addAll(command);
      Path err = Files.createTempFile("child", ".err");
      try {
        Process process = new ProcessBuilder(all).redirectError(err.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Child(process.waitFor(), out, Files.readString(err));
      } finally {
        Files.delete(err);
      }
    }
  }
}

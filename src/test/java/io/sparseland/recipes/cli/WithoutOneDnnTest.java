// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparseland.recipes.data.IdxSamples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That dense layers run without oneDNN is told wherever speed is. */
class WithoutOneDnnTest {

  private static final String TOLD = "oneDNN: not used for dense layers: ";

  @TempDir Path folder;

  @Test
  @Tag("slow")
  void its_absence_stands_in_every_report_and_in_bench() throws Exception {
    IdxSamples.write(folder, "train", 100, 1);
    Path recipe = Cli.recipe(folder);
    Path out = folder.resolve("out");

    String run = output("run", recipe.toString(), "--set=expect={}", "--out=" + out);
    String bench = output("bench", out.toString(), "--batches=1", "--data=" + folder);

    assertThat(run).contains("note: " + TOLD);
    assertThat(bench).contains("note: " + TOLD).containsPattern("load: .* MB in ");
    assertThat(Files.readString(out.resolve("report.json"))).contains(TOLD);
    assertThat(Files.readString(out.resolve("report.html"))).contains(TOLD);
  }

  private static String output(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Dsparseland.onednn=off", "-Dai.djl.offline=true", "-cp"));
    command.addAll(List.of(System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}

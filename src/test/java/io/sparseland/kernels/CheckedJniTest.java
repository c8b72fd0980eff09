// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.ClassNameFilter.excludeClassNamePatterns;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.TagFilter.excludeTags;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** The tests that reach native code, again in a JVM that checks every call through JNI. */
@Tag("ci")
class CheckedJniTest {

  @ParameterizedTest
  @ValueSource(strings = {"io.sparseland.kernels", "io.sparseland.engine"})
  void the_jvm_finds_no_misuse_of_jni(String tests) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xcheck:jni",
                "-Dai.djl.offline=true",
                "-Dai.djl.pytorch.num_threads=1",
                "-Dsparseland.native=" + System.getProperty("sparseland.native", ""),
                "-Dsparseland.root=" + System.getProperty("sparseland.root", ""),
                "-cp",
                System.getProperty("java.class.path"),
                CheckedJniTest.class.getName(),
                tests)
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);

    assertThat(process.waitFor()).as(output).isZero();
    assertThat(ours(output)).isEmpty();
  }

  @Test
  void a_misuse_would_be_found() {
    String output =
        """
        WARNING: JNI local refs: 34, exceeds capacity: 32
        \tat ai.djl.pytorch.jni.PyTorchLibrary.torchAdd(Native Method)
        WARNING in native method: JNI call made with exception pending
        \tat io.sparseland.kernels.NativeCalls.linear(java.base@17/Native Method)
        FATAL ERROR in native method: Non-array passed to JNI array operations
        """;

    assertThat(ours(output)).hasSize(2);
  }

  /** Warnings whose innermost method is ours, and all that is fatal. */
  private static List<String> ours(String output) {
    List<String> found = new ArrayList<>();
    List<String> lines = output.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      String method = i + 1 < lines.size() ? lines.get(i + 1) : "";
      if (line.startsWith("FATAL ERROR in native method")
          || (line.startsWith("WARNING") && method.contains("at io.sparseland."))) {
        found.add(line + method);
      }
    }
    return found;
  }

  /** Runs the tests of a package in this JVM; exits with 1 when one fails or none is there. */
  public static void main(String[] packages) {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectPackage(packages[0]))
                .filters(
                    excludeTags("slow", "ci", "nightly", "bench", "models"),
                    excludeClassNamePatterns(".*\\.format\\..*"))
                .build(),
            listener);
    var summary = listener.getSummary();
    summary.printTo(new PrintWriter(System.out, true, UTF_8));
    summary.printFailuresTo(new PrintWriter(System.out, true, UTF_8));
    boolean passed = summary.getTestsSucceededCount() > 0 && summary.getTotalFailureCount() == 0;
    System.exit(passed ? 0 : 1);
  }
}

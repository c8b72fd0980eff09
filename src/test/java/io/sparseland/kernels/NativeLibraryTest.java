// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loading: found, forced, switched off and broken; and the guards of the native side itself. */
class NativeLibraryTest {

  @Test
  void is_there_when_the_build_requires_it() {
    boolean required = "required".equals(System.getProperty("sparseland.test.native"));

    assertThat(NativeLibrary.loaded() || !required).as(NativeLibrary.status()).isTrue();
    assertThat(Kernels.levels()).endsWith("java");
    assertThat(Kernels.levels().contains("scalar")).isEqualTo(NativeLibrary.loaded());
    assertThat(NativeLibrary.status()).startsWith("native kernels: ");
  }

  @Test
  void native_calls_refuse_heap_and_short_buffers() {
    assumeTrue(NativeLibrary.loaded());
    ByteBuffer direct = ByteBuffer.allocateDirect(64);
    int scalar = 2;

    assertThatThrownBy(
            () -> NativeCalls.unary(scalar, 1, 0, 0, 4, ByteBuffer.allocate(64), direct, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("unary: x");
    assertThatThrownBy(() -> NativeCalls.unary(scalar, 1, 0, 0, 17, direct, direct, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("unary: x");
    LongBuffer mask = direct.order(ByteOrder.nativeOrder()).asLongBuffer(); // keeps nothing
    int[] fp32 = {0, 2, 3, 1}; // type, n, k, kept
    int[] int8 = {2, 2, 3, 6};
    assertThatThrownBy(() -> NativeCalls.pack(scalar, 1, null, fp32, mask, direct, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("matrix: mask");
    assertThatThrownBy(() -> NativeCalls.pack(scalar, 1, null, fp32, null, direct, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("matrix: mask");
    assertThatThrownBy(() -> NativeCalls.pack(scalar, 1, null, int8, null, direct, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("matrix: scales");
    int[] one = {0, 1, 1, 1};
    assertThatThrownBy(() -> NativeCalls.pack(scalar, 1, new int[] {1, 1}, one, null, direct, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pack: window");
    assertThatThrownBy(
            () -> NativeCalls.refuses(scalar, 1, new int[] {0, 4, 5, 20}, null, direct, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("matrix: values");
    assertThatThrownBy(
            () -> NativeCalls.refuses(scalar, 1, new int[] {3, 1, 1, 1}, null, direct, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("matrix: sizes");
  }

  @Test
  @Tag("slow")
  void switched_off_java_is_used() throws Exception {
    Child off = Child.run(null, "-Dsparseland.native=off");

    assertThat(off.output()).contains("best=java").contains("off (-Dsparseland.native=off)");
    assertThat(off.exit()).isZero();
  }

  @Test
  @Tag("slow")
  void a_broken_library_is_told_and_java_is_used() throws Exception {
    Child broken = Child.run(null, "-Dsparseland.native=/nowhere/lib.so");

    assertThat(broken.output())
        .contains("best=java")
        .contains("not loaded")
        .contains("/nowhere/lib.so");
  }

  @Test
  @Tag("slow")
  void a_forced_level_is_taken_or_refused_by_name() throws Exception {
    List<String> levels = Kernels.levels();
    String last = levels.get(levels.size() > 1 ? levels.size() - 2 : 0);

    // under -Xcheck:jni, which writes WARNING for every misuse
    assertThat(Child.run(last).output()).contains("best=" + last).doesNotContain("WARNING");
    Child unknown = Child.run("sse9");
    assertThat(unknown.exit()).isNotZero();
    assertThat(unknown.output())
        .contains("SPARSELAND_ISA is 'sse9', this machine has " + String.join(", ", levels));
  }

  @Test
  @Tag("slow")
  void onednn_is_found_on_the_class_path_or_its_absence_is_told(@TempDir Path cache)
      throws Exception {
    Child plain = Child.run(null, "-Dsparseland.cache=" + cache);
    Child off = Child.run(null, "-Dsparseland.onednn=off");
    Child elsewhere = Child.run(null, "-Dsparseland.onednn=/nowhere");

    assertThat(off.output()).contains("oneDNN: not used for dense layers: off");
    if (NativeLibrary.loaded()) {
      assertThat(plain.output())
          .containsPattern("oneDNN: from " + cache + "/onednn-|apt-get install ocl-icd-libopencl1");
      assertThat(elsewhere.output()).containsPattern("not used for dense layers: .*libdnnl.so.3");
    } else {
      assertThat(plain.output() + elsewhere.output()).contains("the native kernels are not loaded");
    }
  }

  /** What a new JVM says about its kernels. */
  private record Child(int exit, String output) {

    static Child run(@org.jspecify.annotations.Nullable String isa, String... options)
        throws IOException, InterruptedException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("-Dsparseland.native=" + System.getProperty("sparseland.native", ""));
      command.addAll(List.of(options)); // the last one counts
      command.addAll(
          List.of(
              "-Xcheck:jni", "-cp", System.getProperty("java.class.path"), Probe.class.getName()));
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().remove("SPARSELAND_ISA");
      if (isa != null) {
        builder.environment().put("SPARSELAND_ISA", isa);
      }
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      return new Child(process.waitFor(), output);
    }
  }

  /** Runs in the new JVM. */
  static final class Probe {

    private Probe() {}

    public static void main(String[] args) {
      Kernels kernels = Kernels.best();
      Samples samples = new Samples(1);
      try (PackedWeights w = samples.matrix(40, 50, 0.5).sparse(kernels)) {
        kernels.linear(w, null, Activation.RELU, samples.tensor(9, 50), samples.tensor(9, 40));
      }
      System.out.println("best=" + kernels.name() + " " + NativeLibrary.status());
      System.out.println(OneDnn.status());
    }
  }
}
